#include <array>
#include <string>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

std::string_view code_of(Failure failure) {
  switch (failure) {
    case Failure::unauthorized:
      return "Unauthorized";
    case Failure::unknown_path:
      return "NotFound";
    case Failure::unknown_model:
      return "ProjectNotFound";
    case Failure::overloaded:
      return "TooManyRequests";
    case Failure::deadline_exceeded:
      return "Timeout";
    case Failure::not_ready:
      return "ServiceUnavailable";
    case Failure::internal:
      return "InternalServerError";
    default:
      return "InvalidRequest";
  }
}

HttpResponse write_answer(const CallAnswer& answer, const std::string& query) {
  const IntentPrediction& prediction = answer.predictions.front();
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("kind", "ConversationResult");
  out.key("result");
  out.begin_object();
  out.member("query", query);
  out.key("prediction");
  out.begin_object();
  out.member("topIntent", prediction.intent);
  out.member("projectKind", "Conversation");
  out.key("intents");
  write_ranking(out, prediction, "category", "confidenceScore");
  out.key("entities");
  out.begin_array();
  out.end_array();
  out.end_object();
  out.end_object();
  out.end_object();
  return json_response(out);
}

PredictionCall read_conversation(const HttpRequest& request, const PathValues& /*values*/) {
  const JsonTree tree = parse_body(request);
  const RequestValue body = root_object(tree);
  const RequestValue kind = body.at("kind");
  if (kind.text() != "Conversation") {
    kind.refuse("\"Conversation\"", "another kind");
  }
  PredictionCall call;
  call.texts.push_back(body.at("analysisInput").at("conversationItem").at("text").text());
  if (const auto parameters = body.find("parameters")) {
    if (const auto project = parameters->find("projectName")) {
      call.model = project->text();
    }
  }
  call.top_k = kAllIntents;
  call.write = [query = call.texts.front()](const CallAnswer& answer) {
    return write_answer(answer, query);
  };
  return call;
}

class Azure final : public Dialect {
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
  const std::array<Route, 1> routes_{Route{
      .method = "POST", .path = "/language/:analyze-conversations", .read = read_conversation}};
};

}  // namespace

std::unique_ptr<Dialect> make_azure() {
  return std::make_unique<Azure>();
}

}  // namespace fastintent::serve
