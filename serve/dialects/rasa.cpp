#include <array>
#include <string>

#include "answer_json.h"
#include "dialects.h"
#include "fastintent/version.h"

namespace fastintent::serve {
namespace {

std::string_view reason_of(Failure failure) {
  switch (failure) {
    case Failure::unauthorized:
      return "NotAuthenticated";
    case Failure::unknown_path:
    case Failure::unknown_model:
      return "NotFound";
    case Failure::overloaded:
    case Failure::not_ready:
    case Failure::deadline_exceeded:
    case Failure::internal:
      return "ParsingError";
    default:
      return "BadRequest";
  }
}

HttpResponse write_answer(const CallAnswer& answer, const std::string& text) {
  const IntentPrediction& prediction = answer.predictions.front();
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("text", text);
  out.key("intent");
  out.begin_object();
  out.member("name", prediction.intent);
  out.member("confidence", prediction.confidence);
  out.end_object();
  out.key("entities");
  out.begin_array();
  out.end_array();
  out.key("intent_ranking");
  write_ranking(out, prediction, "name", "confidence");
  out.end_object();
  return json_response(out);
}

PredictionCall read_parse(const HttpRequest& request, const PathValues& /*values*/) {
  const JsonTree tree = parse_body(request);
  const RequestValue body = root_object(tree);
  PredictionCall call;
  call.texts.push_back(body.at("text").text());
  if (const auto message = body.find_not_null("message_id")) {
    message->text();
  }
  call.top_k = kAllIntents;
  call.write = [text = call.texts.front()](const CallAnswer& answer) {
    return write_answer(answer, text);
  };
  return call;
}

class Rasa final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    const int status = default_status(failure);
    JsonWriter out = answer_writer();
    out.begin_object();
    out.member("version", kVersion);
    out.member("status", "failure");
    out.member("message", message);
    out.member("reason", reason_of(failure));
    out.key("details");
    out.begin_object();
    out.end_object();
    out.key("help");
    out.null();
    out.member("code", status);
    out.end_object();
    return json_response(out, status);
  }

 private:
  const std::array<Route, 1> routes_{
      Route{.method = "POST", .path = "/model/parse", .read = read_parse}};
};

}  // namespace

std::unique_ptr<Dialect> make_rasa() {
  return std::make_unique<Rasa>();
}

}  // namespace fastintent::serve
