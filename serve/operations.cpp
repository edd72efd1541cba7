#include "operations.h"

#include <cstdlib>
#include <utility>

#include "base/json_writer.h"

namespace fastintent::serve {
namespace {

HttpResponse status(bool is_ok, std::string_view name) {
  JsonWriter body(JsonWriter::Layout::one_line);
  body.begin_object();
  body.member(name, is_ok);
  body.end_object();
  HttpResponse response{.status = is_ok ? 200 : 503, .body = body.text()};
  if (!is_ok) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

class Operations : public Dialect {
 public:
  explicit Operations(std::function<std::string()> metrics_text) {
    const auto ready = [](const HttpRequest&, const PathValues&, const ServerView& view) {
      return status(view.is_ready, "ready");
    };
    const auto live = [](const HttpRequest&, const PathValues&, const ServerView&) {
      return status(true, "live");
    };
    for (const char* path : {"/health", "/ping", "/v2/health/ready"}) {
      routes_.push_back({.method = "GET", .path = path, .show = ready});
    }
    if (const char* path = std::getenv("AIP_HEALTH_ROUTE")) {  // Vertex AI
      health_path_ = path;
      routes_.push_back({.method = "GET", .path = health_path_, .show = ready});
    }
    for (const char* path : {"/live", "/v2/health/live"}) {
      routes_.push_back({.method = "GET", .path = path, .show = live});
    }
    routes_.push_back({.method = "GET",
                       .path = "/metrics",
                       .show = [text = std::move(metrics_text)](
                                   const HttpRequest&, const PathValues&, const ServerView&) {
                         return HttpResponse{.content_type = "text/plain; version=0.0.4",
                                             .body = text()};
                       }});
  }

  std::span<const Route> routes() const override { return routes_; }
  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    JsonWriter body(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
    body.begin_object();
    body.member("error", message);
    body.end_object();
    return {.status = default_status(failure), .body = body.text()};
  }

 private:
  std::string health_path_;
  std::vector<Route> routes_;
};

}  // namespace

std::unique_ptr<Dialect> make_operations(std::function<std::string()> metrics_text) {
  return std::make_unique<Operations>(std::move(metrics_text));
}

}  // namespace fastintent::serve
