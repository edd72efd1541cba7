#include <array>
#include <string>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

// As in the library and the command line.
constexpr int kDefaultTopK = 5;

std::string_view code_of(Failure failure) {
  switch (failure) {
    case Failure::invalid_request:
      return "invalid_request";
    case Failure::empty_request:
      return "empty_request";
    case Failure::invalid_text:
      return "invalid_text";
    case Failure::too_large:
      return "too_large";
    case Failure::unsupported_media:
      return "unsupported_media";
    case Failure::unauthorized:
      return "unauthorized";
    case Failure::unknown_path:
      return "unknown_path";
    case Failure::unknown_model:
      return "unknown_model";
    case Failure::wrong_method:
      return "wrong_method";
    case Failure::overloaded:
      return "queue_full";
    case Failure::deadline_exceeded:
      return "deadline_exceeded";
    case Failure::not_ready:
      return "not_ready";
    case Failure::internal:
      break;
  }
  return "internal";
}

// The members of a prediction, inside its object.
void write_members(JsonWriter& out, const IntentPrediction& prediction) {
  if (!prediction.error.empty()) {
    out.member("error", prediction.error);
    return;
  }
  out.member("intent", prediction.intent);
  out.member("confidence", prediction.confidence);
  out.member("needs_review", prediction.needs_review);
  out.member("truncated", prediction.truncated);
  out.key("alternatives");
  out.begin_array();
  for (const ScoredIntent& alternative : prediction.alternatives) {
    out.begin_object();
    out.member("intent", alternative.intent);
    out.member("confidence", alternative.confidence);
    out.end_object();
  }
  out.end_array();
  if (!prediction.logits.empty()) {
    out.member("logits", prediction.logits);
  }
}

void write_model(JsonWriter& out, const ModelInfo& model) {
  out.member("model", model.name);
  out.member("model_version", model.version);
}

// `echo` has the texts that the answer repeats; it is empty where it repeats none.
HttpResponse write_one(const CallAnswer& answer, const std::vector<std::string>& echo) {
  JsonWriter out = answer_writer();
  out.begin_object();
  write_model(out, answer.model);
  if (!echo.empty()) {
    out.member("text", echo.front());
  }
  write_members(out, answer.predictions.front());
  out.end_object();
  return json_response(out);
}

HttpResponse write_many(const CallAnswer& answer, const std::vector<std::string>& echo) {
  JsonWriter out = answer_writer();
  out.begin_object();
  write_model(out, answer.model);
  out.key("predictions");
  out.begin_array();
  for (size_t i = 0; i < answer.predictions.size(); ++i) {
    out.begin_object();
    if (!echo.empty()) {
      out.member("text", echo[i]);
    }
    write_members(out, answer.predictions[i]);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

PredictionCall read_predict(const HttpRequest& request, const PathValues& /*values*/) {
  const JsonTree tree = parse_body(request);
  const RequestValue body = root_object(tree);
  const auto text = body.find("text");
  const auto texts = body.find("texts");
  if (text && texts) {
    body.refuse("one of the members \"text\" and \"texts\"", "both");
  }
  PredictionCall call;
  if (text) {
    call.texts.push_back(text->text());
  } else {
    call.texts = body.at("texts").texts();
    refuse_empty(call.texts, "texts");
  }
  call.errors_in_place = !text;
  const auto top_k = body.find("top_k");
  call.top_k = top_k ? static_cast<int>(top_k->whole_number(0, kAllIntents)) : kDefaultTopK;
  if (const auto logits = body.find("logits")) {
    call.with_logits = logits->boolean();
  }
  if (const auto model = body.find("model")) {
    call.model = model->text();
  }
  const auto wants_echo = body.find("echo");
  const auto echo = wants_echo && wants_echo->boolean() ? call.texts : std::vector<std::string>();
  call.write = [echo, write = text ? write_one : write_many](const CallAnswer& answer) {
    return write(answer, echo);
  };
  return call;
}

class Native final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    JsonWriter out = answer_writer();
    out.begin_object();
    out.key("error");
    out.begin_object();
    out.member("code", code_of(failure));
    out.member("message", message);
    out.end_object();
    out.end_object();
    return json_response(out, default_status(failure));
  }

 private:
  const std::array<Route, 1> routes_{
      Route{.method = "POST", .path = "/v1/predict", .read = read_predict}};
};

}  // namespace

std::unique_ptr<Dialect> make_native() {
  return std::make_unique<Native>();
}

}  // namespace fastintent::serve
