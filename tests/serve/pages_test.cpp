#include "pages.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "operations.h"

namespace fastintent::serve {
namespace {

const Route& route_of(const Dialect& pages, std::string_view path) {
  const auto routes = pages.routes();
  return *std::find_if(
      routes.begin(), routes.end(), [&](const Route& route) { return route.path == path; });
}

HttpResponse get(std::string_view path, const std::string& accept, bool is_ready = true) {
  const auto pages = make_pages();
  const Limits limits;
  const ServerView view{.models = {}, .limits = limits, .is_ready = is_ready, .answered_texts = {}};
  const HttpRequest request{.method = "GET",
                            .path = std::string(path),
                            .query = {},
                            .headers = {{"accept", accept}},
                            .body = {}};
  return route_of(*pages, path).show(request, {}, view);
}

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (each == name) {
      return value;
    }
  }
  return {};
}

constexpr const char* kBrowser = "text/html,application/xhtml+xml,*/*;q=0.8";

// What is between <tag> and </tag>, as a policy names it.
std::string digest_of(const std::string& html, const std::string& tag) {
  const size_t begin = html.find("<" + tag + ">") + tag.size() + 2;
  const size_t end = html.find("</" + tag + ">");
  std::array<unsigned char, 32> digest{};
  unsigned bytes = 0;
  EVP_Digest(html.data() + begin, end - begin, digest.data(), &bytes, EVP_sha256(), nullptr);
  std::array<unsigned char, 45> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(bytes));
  return std::string("'sha256-") + reinterpret_cast<const char*>(base64.data()) + "'";
}

TEST(Pages, RunNothingButWhatTheyContain) {
  for (const char* path : {"/", "/docs"}) {
    const HttpResponse page = get(path, kBrowser);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    const std::string policy = header(page, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; connect-src 'self'; ")) << policy;
    for (const std::string tag : {"style", "script"}) {
      EXPECT_NE(policy.find(tag + "-src " + digest_of(page.body, tag) + ";"), std::string::npos)
          << path << ": " << policy << " expected " << digest_of(page.body, tag);
    }
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  }
}

// A style attribute or a handler in the text would be refused by the policy, and what another server
// has is not loaded.
TEST(Pages, HaveNothingThatTheirPolicyRefuses) {
  for (const char* path : {"/", "/docs"}) {
    std::string html = get(path, kBrowser).body;
    for (const char* refused : {" style=\"",
                                " onclick=",
                                " src=",
                                "@import",
                                "url(",
                                "@PLAYGROUND",
                                "@DOCS",
                                "eval(",
                                "innerHTML"}) {
      EXPECT_EQ(html.find(refused), std::string::npos) << path << " has " << refused;
    }
    const std::string name_space = "http://www.w3.org/2000/svg";  // a name that nobody fetches
    for (size_t at = html.find("http"); at != std::string::npos; at = html.find("http", at + 1)) {
      EXPECT_TRUE(html.compare(at, name_space.size(), name_space) == 0) << html.substr(at, 60);
    }
  }
}

TEST(Pages, RootReportsReadinessToOthersThanBrowsers) {
  for (const char* accept : {"*/*", "application/json", ""}) {
    const HttpResponse response = get("/", accept);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(nlohmann::json::parse(response.body).at("ready"), true);
    EXPECT_EQ(header(response, "Vary"), "Accept");
    try {
      get("/", accept, false);
      FAIL() << "expected not_ready";
    } catch (const RequestError& error) {
      EXPECT_EQ(error.failure(), Failure::not_ready);
    }
  }
  EXPECT_EQ(get("/", kBrowser, false).status, 200);  // the page says itself what does not work
}

// All that the server answers, as "get /v1/models/{model}".
std::set<std::string> served_routes() {
  std::set<std::string> routes;
  const auto add = [&](const Dialect& dialect) {
    for (const Route& route : dialect.routes()) {
      std::string method(route.method);
      std::transform(method.begin(), method.end(), method.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
      });
      routes.insert(method + " " + std::string(route.path));
    }
  };
  for (const auto& dialect : dialects()) {
    add(*dialect);
  }
  add(*make_pages());
  add(*make_operations([] { return std::string(); }));
  return routes;
}

TEST(OpenApi, HasTheRoutesOfTheServerAndNoOthers) {
  const auto description = nlohmann::json::parse(get("/openapi.json", "*/*").body);
  std::set<std::string> described;
  for (const auto& [path, operations] : description.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      described.insert(method + " " + path);
    }
  }
  EXPECT_EQ(described, served_routes());
}

// Calls `visit` with each object of `value`.
template <class Visit>
void each_object(const nlohmann::json& value, const Visit& visit) {
  if (value.is_object()) {
    visit(value);
  }
  for (const auto& item : value) {
    if (item.is_structured()) {
      each_object(item, visit);
    }
  }
}

TEST(OpenApi, IsComplete) {
  const auto description = nlohmann::json::parse(get("/openapi.json", "*/*").body);
  each_object(description, [&](const nlohmann::json& object) {
    if (object.contains("$ref")) {
      const auto reference = object.at("$ref").get<std::string>();
      EXPECT_TRUE(description.contains(nlohmann::json::json_pointer(reference.substr(1))))
          << reference;
    }
  });
  std::set<std::string> tags;
  for (const auto& tag : description.at("tags")) {
    tags.insert(tag.at("name"));
  }
  std::set<std::string> names;
  for (const auto& [path, operations] : description.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      EXPECT_TRUE(names.insert(operation.at("operationId")).second) << method << " " << path;
      EXPECT_TRUE(tags.contains(operation.at("tags").at(0))) << method << " " << path;
      EXPECT_FALSE(operation.at("summary").get<std::string>().empty()) << method << " " << path;
      std::set<std::string> in_path;
      for (const auto& parameter : operation.value("parameters", nlohmann::json::array())) {
        if (parameter.at("in") == "path") {
          in_path.insert(parameter.at("name"));
        }
      }
      EXPECT_EQ(std::count(path.begin(), path.end(), '{'), std::ssize(in_path)) << path;
    }
  }
}

}  // namespace
}  // namespace fastintent::serve
