#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dialect.h"
#include "folder.h"

namespace {

using namespace fastintent;
using namespace fastintent::serve;

// Answers grow with texts times intents, so few of both suffice.
const std::vector<std::string> kIntents = {"card_arrival", "say \"no\", please", "größe"};

ModelInfo make_model() {
  return {.name = "intents",
          .version = "0123456789ab",
          .intents = kIntents,
          .max_length = 64,
          .precision = "int8",
          .device = "cpu (avx2)"};
}

// A line without its end; the rest of `text` is what follows it.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "POST /v1/predict", lines of headers, an empty line, the body. The path is a route's own, braces
// included, so that the router is not needed.
HttpRequest parse_request(std::string_view input) {
  HttpRequest request;
  const std::string_view first = take_line(input);
  const size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.path = first.substr(std::min(space + 1, first.size()));
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    if (line.empty()) {
      break;
    }
    const size_t colon = std::min(line.find(": "), line.size());
    request.headers.emplace_back(line.substr(0, colon),
                                 line.substr(std::min(colon + 2, line.size())));
  }
  request.body = input;
  return request;
}

std::vector<IntentPrediction> make_predictions(const PredictionCall& call) {
  IntentPrediction prediction = {
      .intent = kIntents[1], .confidence = 0.9F, .truncated = true, .tokens = 7};
  for (const size_t other : {2, 0}) {
    if (std::cmp_less(prediction.alternatives.size(), call.top_k)) {
      prediction.alternatives.push_back({kIntents[other], 0.05F});
    }
  }
  if (call.with_logits) {
    prediction.logits = {-100, 3.5F, 1e-20F};
  }
  std::vector<IntentPrediction> predictions(call.texts.size(), prediction);
  if (call.errors_in_place) {
    predictions.back() = {.error = "blank text"};
  }
  return predictions;
}

// JSON where the type says so; with tensors behind it where a header says so.
void check_response(const HttpResponse& response) {
  fuzz::require(response.status >= 200 && response.status < 600);
  size_t json_bytes = response.body.size();
  size_t binary_bytes = 0;
  for (const auto& [name, value] : response.headers) {
    fuzz::require(name.find_first_of("\r\n") == std::string::npos);
    fuzz::require(value.find_first_of("\r\n") == std::string::npos);
    if (name == "Inference-Header-Content-Length") {
      std::from_chars(value.data(), value.data() + value.size(), json_bytes);
      fuzz::require(json_bytes <= response.body.size());
      binary_bytes = response.body.size() - json_bytes;
    }
  }
  fuzz::require(response.content_type.find_first_of("\r\n") == std::string::npos);
  if (response.content_type.starts_with("text/")) {
    return;
  }
  const auto json = nlohmann::json::parse(response.body.substr(0, json_bytes));
  if (json.is_object() && json.contains("outputs")) {
    for (const auto& output : json["outputs"]) {
      if (output.contains("parameters")) {
        binary_bytes -= output["parameters"].value("binary_data_size", size_t{0});
      }
    }
  }
  fuzz::require(binary_bytes == 0);
}

HttpResponse answer(const Route& route, const HttpRequest& request) {
  static const auto model = std::make_shared<const ModelInfo>(make_model());
  static const std::vector<std::shared_ptr<const ModelInfo>> models = {model};
  static const Limits limits;
  static const std::vector<int64_t> answered = {42};
  const auto braces = std::ranges::count(route.path, '{');
  const PathValues values(static_cast<size_t>(braces), model->name);
  if (route.show) {
    // Values that name a version do not match, which is an answer, too.
    return route.show(
        request,
        values,
        {.models = models, .limits = limits, .is_ready = true, .answered_texts = answered});
  }
  const PredictionCall call = route.read(request, values);
  fuzz::require(!call.texts.empty() && call.top_k >= 0);
  const auto predictions = make_predictions(call);
  return call.write({.model = *model, .predictions = predictions});
}

}  // namespace

// Reads a request, and writes the answer with predictions that are made up.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const HttpRequest request = parse_request(fuzz::as_text(data, size));
  for (const auto& dialect : dialects()) {
    for (const Route& route : dialect->routes()) {
      if (route.path != request.path || route.method != request.method) {
        continue;
      }
      try {
        check_response(answer(route, request));
      } catch (const RequestError& error) {
        check_response(dialect->write_failure(error.failure(), error.what()));
      }
    }
  }
  return 0;
}
