#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "answer_json.h"
#include "base/utf8.h"
#include "dialects.h"
#include "fastintent/version.h"

namespace fastintent::serve {
namespace {

int status_of(Failure failure) {
  return failure == Failure::invalid_request || failure == Failure::invalid_text
             ? 422
             : default_status(failure);
}

std::string_view error_type_of(Failure failure) {
  switch (failure) {
    case Failure::empty_request:
      return "Empty";
    case Failure::invalid_text:
      return "Tokenizer";
    case Failure::overloaded:
      return "Overloaded";
    case Failure::not_ready:
      return "Unhealthy";
    case Failure::deadline_exceeded:
    case Failure::internal:
      return "Backend";
    default:
      return "Validation";
  }
}

std::string milliseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

// TEI's own headers, but for x-queue-time: the wait is part of x-inference-time here.
Fields cost_headers(const CallAnswer& answer, int64_t characters) {
  int64_t tokens = 0;
  for (const IntentPrediction& prediction : answer.predictions) {
    tokens += prediction.tokens;
  }
  return {{"x-compute-type", answer.model.device},
          {"x-compute-time", milliseconds(answer.timings.total)},
          {"x-compute-characters", std::to_string(characters)},
          {"x-compute-tokens", std::to_string(tokens)},
          {"x-total-time", milliseconds(answer.timings.total)},
          {"x-tokenization-time", milliseconds(answer.timings.tokenize)},
          {"x-inference-time", milliseconds(answer.timings.predict)}};
}

void write_score(JsonWriter& out, std::string_view label, float score) {
  out.begin_object();
  out.member("score", score);
  out.member("label", label);
  out.end_object();
}

struct AnswerForm {
  bool is_batch = false;  // a list for each text, not one for the only one
  bool raw_scores = false;
  int64_t characters = 0;  // of all texts
};

void write_scores(JsonWriter& out, const IntentPrediction& prediction) {
  out.begin_array();
  for_each_intent(prediction, [&](std::string_view intent, float confidence) {
    write_score(out, intent, confidence);
  });
  out.end_array();
}

void write_raw_scores(JsonWriter& out,
                      const IntentPrediction& prediction,
                      const std::vector<std::string>& intents) {
  out.begin_array();
  for (const size_t i : ranked(prediction.logits, prediction.logits.size())) {
    write_score(out, intents[i], prediction.logits[i]);
  }
  out.end_array();
}

HttpResponse write_answer(const CallAnswer& answer, const AnswerForm& form) {
  JsonWriter out = answer_writer();
  if (form.is_batch) {
    out.begin_array();
  }
  for (const IntentPrediction& prediction : answer.predictions) {
    if (form.raw_scores) {
      write_raw_scores(out, prediction, answer.model.intents);
    } else {
      write_scores(out, prediction);
    }
  }
  if (form.is_batch) {
    out.end_array();
  }
  HttpResponse response = json_response(out);
  response.headers = cost_headers(answer, form.characters);
  return response;
}

// The one text of "a" or ["a"]. Two are a pair in TEI, which no classifier of intents reads.
std::string one_text(const RequestValue& input) {
  if (!input.is_array()) {
    return input.text();
  }
  std::vector<std::string> texts = input.texts();
  if (texts.size() != 1) {
    input.refuse("one text in an array, as a batch is [[\"a\"],[\"b\"]]",
                 std::to_string(texts.size()));
  }
  return std::move(texts.front());
}

bool is_batch(const RequestValue& inputs) {
  return inputs.is_array() && (inputs.size() == 0 || inputs.item(0).is_array());
}

std::vector<std::string> read_inputs(const RequestValue& inputs) {
  if (!is_batch(inputs)) {
    return {one_text(inputs)};
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const RequestValue item = inputs.item(i);
    if (!item.is_array()) {
      item.refuse("an array of one text");
    }
    texts.push_back(one_text(item));
  }
  refuse_empty(texts, "inputs");
  return texts;
}

int64_t count_characters(const std::vector<std::string>& texts) {
  int64_t characters = 0;
  for (const std::string& text : texts) {
    characters += std::ssize(text) - std::ranges::count_if(text, is_utf8_continuation);
  }
  return characters;
}

void write_classifier(JsonWriter& out, const std::vector<std::string>& intents) {
  out.begin_object();
  out.key("id2label");
  out.begin_object();
  for (size_t i = 0; i < intents.size(); ++i) {
    out.member(std::to_string(i), intents[i]);
  }
  out.end_object();
  out.key("label2id");
  out.begin_object();
  for (size_t i = 0; i < intents.size(); ++i) {
    out.member(intents[i], i);
  }
  out.end_object();
  out.end_object();
}

HttpResponse show_info(const HttpRequest& /*request*/,
                       const PathValues& /*values*/,
                       const ServerView& view) {
  if (view.models.empty()) {
    throw RequestError(Failure::not_ready, "expected a model, found none that is loaded yet");
  }
  const ModelInfo& model = *view.models.front();
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("model_id", model.name);
  out.member("model_sha", model.version);
  out.member("model_dtype", model.precision);
  out.member("served_model_name", model.name);
  out.key("model_type");
  out.begin_object();
  out.key("classifier");
  write_classifier(out, model.intents);
  out.end_object();
  out.member("max_concurrent_requests", view.limits.connections);
  out.member("max_input_length", model.max_length);
  out.member("max_batch_tokens", view.limits.queued_tokens);
  out.key("max_batch_requests");
  out.null();
  out.member("max_client_batch_size", view.limits.texts);
  out.member("auto_truncate", true);
  out.member("tokenization_workers", 1);
  out.member("version", kVersion);
  out.key("sha");
  out.null();
  out.key("docker_label");
  out.null();
  out.end_object();
  return json_response(out);
}

PredictionCall read_predict(const HttpRequest& request, const PathValues& /*values*/) {
  return read_by_keys(request);
}

class Tei final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    JsonWriter out = answer_writer();
    out.begin_object();
    out.member("error", message);
    out.member("error_type", error_type_of(failure));
    out.end_object();
    return json_response(out, status_of(failure));
  }

 private:
  const std::array<Route, 3> routes_{
      Route{.method = "POST", .path = "/predict", .read = read_predict},
      Route{.method = "POST", .path = "/", .read = read_predict},
      Route{.method = "GET", .path = "/info", .show = show_info}};
};

}  // namespace

PredictionCall read_tei(const RequestValue& body) {
  const RequestValue inputs = body.at("inputs");
  PredictionCall call;
  call.texts = read_inputs(inputs);
  call.top_k = kAllIntents;
  AnswerForm form{.is_batch = is_batch(inputs), .characters = count_characters(call.texts)};
  if (const auto raw_scores = body.find("raw_scores")) {
    form.raw_scores = raw_scores->boolean();
  }
  call.with_logits = form.raw_scores;
  if (const auto truncate = body.find_not_null("truncate")) {
    call.refuse_truncated = !truncate->boolean();
  }
  if (const auto direction = body.find("truncation_direction")) {
    const std::string& side = direction->text();
    if (side != "right" && side != "Right") {
      direction->refuse("\"right\", the end that is cut", "another text");
    }
  }
  call.write = [form](const CallAnswer& answer) { return write_answer(answer, form); };
  return call;
}

std::unique_ptr<Dialect> make_tei() {
  return std::make_unique<Tei>();
}

}  // namespace fastintent::serve
