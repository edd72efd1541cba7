#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

// Paths that Vertex AI may be told to send its requests to and that read them already.
constexpr std::array kPathsWithInstances{"/", "/predict", "/invocations", "/vertex"};

std::string read_instance(const RequestValue& instance) {
  if (instance.is_text()) {
    return instance.text();
  }
  if (!instance.is_object()) {
    instance.refuse("a text or an object");
  }
  if (const auto inputs = instance.find("inputs")) {
    return inputs->text();
  }
  return instance.at("text").text();
}

HttpResponse write_answer(const CallAnswer& answer) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.key("predictions");
  out.begin_array();
  for (const IntentPrediction& prediction : answer.predictions) {
    write_ranking(out, prediction, "label", "score");
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

PredictionCall read_predict(const HttpRequest& request, const PathValues& values) {
  const JsonTree tree = parse_body(request);
  PredictionCall call = read_instances(root_object(tree));
  call.model = values.empty() ? "" : values.front();
  return call;
}

// A model as KServe shows it and as OpenAI's clients read it.
HttpResponse show_model(const HttpRequest& /*request*/,
                        const PathValues& values,
                        const ServerView& view) {
  const auto model = std::ranges::find(
      view.models, values.front(), [](const auto& served) -> auto& { return served->name; });
  if (model == view.models.end()) {
    throw RequestError(Failure::unknown_model,
                       "expected the name of a served model, found another");
  }
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("name", (*model)->name);
  out.member("ready", view.is_ready);
  out.member("id", (*model)->name);
  out.member("object", "model");
  out.member("owned_by", "fastintent");
  out.end_object();
  return json_response(out, view.is_ready ? 200 : default_status(Failure::not_ready));
}

class KserveV1 final : public Dialect {
 public:
  KserveV1() {
    routes_ = {{.method = "POST", .path = "/v1/models/{model}:predict", .read = read_predict},
               {.method = "GET", .path = "/v1/models/{model}", .show = show_model},
               {.method = "POST", .path = "/vertex", .read = read_predict}};
    if (const char* route = std::getenv("AIP_PREDICT_ROUTE")) {
      vertex_path_ = route;
    }
    const bool is_read_already =
        std::ranges::find(kPathsWithInstances, vertex_path_) != kPathsWithInstances.end();
    if (vertex_path_.starts_with('/') && !is_read_already) {
      routes_.push_back({.method = "POST", .path = vertex_path_, .read = read_predict});
    }
  }

  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    return plain_failure(default_status(failure), message);
  }

 private:
  std::string vertex_path_;
  std::vector<Route> routes_;
};

}  // namespace

PredictionCall read_instances(const RequestValue& body) {
  PredictionCall call;
  const RequestValue instances = body.at("instances");
  for (size_t i = 0; i < instances.size(); ++i) {
    call.texts.push_back(read_instance(instances.item(i)));
  }
  refuse_empty(call.texts, "instances");
  call.top_k = kAllIntents;
  if (const auto parameters = body.find_not_null("parameters")) {
    if (const auto top_k = parameters->find_not_null("top_k")) {
      call.top_k = static_cast<int>(top_k->whole_number(1, kAllIntents)) - 1;
    }
  }
  call.write = write_answer;
  return call;
}

std::unique_ptr<Dialect> make_kserve_v1() {
  return std::make_unique<KserveV1>();
}

}  // namespace fastintent::serve
