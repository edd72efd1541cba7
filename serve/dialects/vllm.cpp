#include <fmt/format.h>

#include <array>
#include <chrono>
#include <random>
#include <string>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

std::string_view error_type_of(int status) {
  switch (status) {
    case 401:
      return "AuthenticationError";
    case 404:
      return "NotFoundError";
    case 429:
      return "RateLimitError";
    case 500:
      return "InternalServerError";
    case 503:
      return "ServiceUnavailableError";
    case 504:
      return "TimeoutError";
    default:
      return "BadRequestError";
  }
}

int64_t seconds_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

// 32 hexadecimal digits, which differ for each answer.
std::string unique_digits() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  const uint64_t high = random();
  const uint64_t low = random();
  return fmt::format("{:016x}{:016x}", high, low);
}

void write_usage(JsonWriter& out, std::span<const IntentPrediction> predictions) {
  int64_t tokens = 0;
  for (const IntentPrediction& prediction : predictions) {
    tokens += prediction.tokens;
  }
  out.key("usage");
  out.begin_object();
  out.member("prompt_tokens", tokens);
  out.member("total_tokens", tokens);
  out.member("completion_tokens", 0);
  out.key("prompt_tokens_details");
  out.null();
  out.end_object();
}

HttpResponse write_answer(const CallAnswer& answer) {
  IntentNumbers numbers(answer.model);
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("id", "classify-" + unique_digits());
  out.member("object", "list");
  out.member("created", seconds_now());
  out.member("model", answer.model.name);
  out.key("data");
  out.begin_array();
  for (size_t i = 0; i < answer.predictions.size(); ++i) {
    out.begin_object();
    out.member("index", i);
    out.member("label", answer.predictions[i].intent);
    out.member("probs", numbers.probabilities(answer.predictions[i]));
    out.member("num_classes", numbers.size());
    out.end_object();
  }
  out.end_array();
  write_usage(out, answer.predictions);
  out.end_object();
  return json_response(out);
}

PredictionCall read_classify(const HttpRequest& request, const PathValues& /*values*/) {
  const JsonTree tree = parse_body(request);
  const RequestValue body = root_object(tree);
  PredictionCall call;
  if (const auto model = body.find_not_null("model")) {
    call.model = model->text();
  }
  call.texts = body.at("input").text_or_texts();
  call.top_k = kAllIntents;
  call.write = write_answer;
  return call;
}

// As vLLM lists models, with the names alone besides, as KServe does.
HttpResponse show_models(const HttpRequest& /*request*/,
                         const PathValues& /*values*/,
                         const ServerView& view) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("object", "list");
  out.key("data");
  out.begin_array();
  for (const auto& model : view.models) {
    out.begin_object();
    out.member("id", model->name);
    out.member("object", "model");
    out.member("created", seconds_now());
    out.member("owned_by", "fastintent");
    out.member("max_model_len", model->max_length);
    out.end_object();
  }
  out.end_array();
  out.key("models");
  out.begin_array();
  for (const auto& model : view.models) {
    out.value(model->name);
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

class Vllm final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    const int status = default_status(failure);
    JsonWriter out = answer_writer();
    out.begin_object();
    out.key("error");
    out.begin_object();
    out.member("message", message);
    out.member("type", error_type_of(status));
    out.key("param");
    out.null();
    out.member("code", status);
    out.end_object();
    out.end_object();
    return json_response(out, status);
  }

 private:
  const std::array<Route, 3> routes_{
      Route{.method = "POST", .path = "/classify", .read = read_classify},
      Route{.method = "POST", .path = "/v1/classify", .read = read_classify},
      Route{.method = "GET", .path = "/v1/models", .show = show_models}};
};

}  // namespace

std::unique_ptr<Dialect> make_vllm() {
  return std::make_unique<Vllm>();
}

}  // namespace fastintent::serve
