#include "answer_json.h"

#include <algorithm>
#include <numeric>

namespace fastintent::serve {

JsonWriter answer_writer() {
  return JsonWriter(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
}

HttpResponse json_response(const JsonWriter& out, int status) {
  return {.status = status, .body = out.text()};
}

void write_ranking(JsonWriter& out,
                   const IntentPrediction& prediction,
                   std::string_view name,
                   std::string_view score) {
  out.begin_array();
  for_each_intent(prediction, [&](std::string_view intent, float confidence) {
    out.begin_object();
    out.member(name, intent);
    out.member(score, confidence);
    out.end_object();
  });
  out.end_array();
}

size_t IntentNumbers::of(std::string_view intent) {
  if (numbers_.empty()) {
    numbers_.reserve(size());
    for (size_t i = 0; i < size(); ++i) {
      numbers_.emplace(model_.intents[i], i);
    }
  }
  return numbers_.at(intent);
}

std::vector<float> IntentNumbers::probabilities(const IntentPrediction& prediction) {
  std::vector<float> probabilities(size());
  for_each_intent(prediction, [&](std::string_view intent, float confidence) {
    probabilities[of(intent)] = confidence;
  });
  return probabilities;
}

std::vector<size_t> ranked(const std::vector<float>& values, size_t count) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return values[a] > values[b]; });
  order.resize(std::min(count, order.size()));
  return order;
}

HttpResponse plain_failure(int status, std::string_view message) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("error", message);
  out.end_object();
  return json_response(out, status);
}

}  // namespace fastintent::serve
