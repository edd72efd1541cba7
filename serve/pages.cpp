#include "pages.h"

#include <string>
#include <utility>

#include "base/json_writer.h"
#include "fastintent/version.h"
#include "pages_assets.h"

namespace fastintent::serve {
namespace {

HttpResponse page(std::string_view html, std::string_view policy) {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(html),
          .headers = {{"Content-Security-Policy", std::string(policy)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"},  // another version may run here tomorrow
                      {"Vary", "Accept"}}};
}

HttpResponse readiness(const ServerView& view) {
  if (!view.is_ready) {
    throw RequestError(Failure::not_ready, "the server is loading its models or stopping");
  }
  JsonWriter out(JsonWriter::Layout::one_line);
  out.begin_object();
  out.member("name", "fastintent");
  out.member("version", kVersion);
  out.member("ready", true);
  out.end_object();
  return {.body = out.text(), .headers = {{"Vary", "Accept"}}};
}

HttpResponse root(const HttpRequest& request, const PathValues&, const ServerView& view) {
  const bool is_browser =
      request.header("Accept").value_or("").find("text/html") != std::string_view::npos;
  return is_browser ? page(kPlayground, kPlaygroundPolicy) : readiness(view);
}

class Pages : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    return {.status = default_status(failure),
            .content_type = "text/plain; charset=utf-8",
            .body = std::string(message) + "\n"};
  }

 private:
  std::vector<Route> routes_ = {
      {.method = "GET", .path = "/", .show = root},
      {.method = "GET",
       .path = "/docs",
       .show = [](const HttpRequest&,
                  const PathValues&,
                  const ServerView&) { return page(kDocs, kDocsPolicy); }},
      {.method = "GET",
       .path = "/openapi.json",
       .show =
           [](const HttpRequest&, const PathValues&, const ServerView&) {
             return HttpResponse{.body = std::string(kOpenApi),
                                 .headers = {{"Cache-Control", "no-cache"}}};
           }},
  };
};

}  // namespace

std::unique_ptr<Dialect> make_pages() {
  return std::make_unique<Pages>();
}

}  // namespace fastintent::serve
