#include <array>
#include <cmath>
#include <string>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

enum class ScoreFunction { softmax, sigmoid, none };

ScoreFunction read_score_function(const RequestValue& name) {
  if (name.text() == "softmax") {
    return ScoreFunction::softmax;
  }
  if (name.text() == "sigmoid") {
    return ScoreFunction::sigmoid;
  }
  if (name.text() == "none") {
    return ScoreFunction::none;
  }
  name.refuse("\"softmax\", \"sigmoid\" or \"none\"", "another text");
}

// As many as the prediction lists, by their logits, all of which it has.
void write_logit_ranking(JsonWriter& out,
                         const IntentPrediction& prediction,
                         const std::vector<std::string>& intents,
                         ScoreFunction function) {
  out.begin_array();
  for (const size_t i : ranked(prediction.logits, prediction.alternatives.size() + 1)) {
    const float logit = prediction.logits[i];
    out.begin_object();
    out.member("label", intents[i]);
    out.member("score", function == ScoreFunction::none ? logit : 1 / (1 + std::exp(-logit)));
    out.end_object();
  }
  out.end_array();
}

HttpResponse write_answer(const CallAnswer& answer, ScoreFunction function) {
  JsonWriter out = answer_writer();
  out.begin_array();
  for (const IntentPrediction& prediction : answer.predictions) {
    if (function == ScoreFunction::softmax) {
      write_ranking(out, prediction, "label", "score");
    } else {
      write_logit_ranking(out, prediction, answer.model.intents, function);
    }
  }
  out.end_array();
  return json_response(out);
}

PredictionCall read_model(const HttpRequest& request, const PathValues& values) {
  const JsonTree tree = parse_body(request);
  PredictionCall call = read_hugging_face(root_object(tree));
  call.model = values.front();
  return call;
}

class HuggingFace final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    return plain_failure(default_status(failure), message);
  }

 private:
  const std::array<Route, 1> routes_{
      Route{.method = "POST", .path = "/models/{model}", .read = read_model}};
};

}  // namespace

PredictionCall read_hugging_face(const RequestValue& body) {
  const RequestValue inputs = body.at("inputs");
  PredictionCall call;
  call.texts = inputs.text_or_texts();
  call.top_k = kAllIntents;
  auto function = ScoreFunction::softmax;
  if (const auto parameters = body.find_not_null("parameters")) {
    if (const auto top_k = parameters->find_not_null("top_k")) {
      call.top_k = static_cast<int>(top_k->whole_number(1, kAllIntents)) - 1;
    }
    if (const auto name = parameters->find_not_null("function_to_apply")) {
      function = read_score_function(*name);
    }
  }
  call.with_logits = function != ScoreFunction::softmax;
  call.write = [function](const CallAnswer& answer) { return write_answer(answer, function); };
  return call;
}

std::unique_ptr<Dialect> make_hugging_face() {
  return std::make_unique<HuggingFace>();
}

}  // namespace fastintent::serve
