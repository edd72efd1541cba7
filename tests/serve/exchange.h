#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "dialect.h"

// Requests and answers of the dialects without a network and without a model.

namespace fastintent::serve {

inline const ModelInfo& test_model() {
  static const ModelInfo model{.name = "intents",
                               .version = "3f9c0a1b2c3d",
                               .intents = {"card_arrival", "lost_card", "refund, \"now\""},
                               .max_length = 64,
                               .precision = "int8",
                               .device = "cpu (avx2)"};
  return model;
}

/// The same answer for every text but a blank one, within the bounds of the call.
inline IntentPrediction made_up_prediction(const PredictionCall& call, const std::string& text) {
  IntentPrediction prediction;
  if (text.find_first_not_of(' ') == std::string::npos) {
    prediction.error = "blank text";
    return prediction;
  }
  prediction.intent = "lost_card";
  prediction.confidence = 0.625F;
  prediction.alternatives = {{"refund, \"now\"", 0.25F}, {"card_arrival", 0.125F}};
  prediction.needs_review = true;
  prediction.tokens = 5;
  prediction.alternatives.resize(
      std::min(static_cast<size_t>(call.top_k), prediction.alternatives.size()));
  if (call.with_logits) {
    prediction.logits = {-1.0F, 2.0F, 0.5F};
  }
  return prediction;
}

inline HttpResponse answer_of(const PredictionCall& call) {
  std::vector<IntentPrediction> predictions;
  for (const std::string& text : call.texts) {
    predictions.push_back(made_up_prediction(call, text));
  }
  return call.write({.model = test_model(),
                     .predictions = predictions,
                     .timings = {.total = std::chrono::milliseconds(7),
                                 .tokenize = std::chrono::milliseconds(1),
                                 .predict = std::chrono::milliseconds(6)}});
}

/// A route and what the braces of its path are in a request.
struct Match {
  const Dialect* dialect = nullptr;
  const Route* route = nullptr;
  PathValues values = {};
};

/// Whether `path` is one of a route's, with braces as in Route::path.
inline bool fits(std::string_view pattern, std::string_view path, PathValues& values) {
  while (!pattern.empty() && pattern.front() != '{') {
    if (path.empty() || path.front() != pattern.front()) {
      return false;
    }
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  if (pattern.empty()) {
    return path.empty();
  }
  pattern.remove_prefix(pattern.find('}') + 1);
  const std::string_view next = pattern.substr(0, 1);
  const size_t end = next.empty() ? path.size() : path.find(next);
  const std::string_view value = path.substr(0, end);
  if (value.empty() || value.find('/') != std::string_view::npos) {
    return false;
  }
  values.emplace_back(value);
  return end != std::string_view::npos && fits(pattern, path.substr(end), values);
}

inline Match find_route(std::string_view method, std::string_view path) {
  for (const auto& dialect : dialects()) {
    for (const Route& route : dialect->routes()) {
      PathValues values;
      if (route.method == method && fits(route.path, path, values)) {
        return {dialect.get(), &route, values};
      }
    }
  }
  throw std::logic_error("no route for " + std::string(path));
}

inline HttpRequest post_request(std::string path, std::string body, Fields headers = {}) {
  return {.method = "POST",
          .path = std::move(path),
          .query = {},
          .headers = std::move(headers),
          .body = std::move(body)};
}

inline PredictionCall read_call(const HttpRequest& request) {
  const Match match = find_route(request.method, request.path);
  return match.route->read(request, match.values);
}

inline HttpResponse post(std::string path, std::string body, Fields headers = {}) {
  return answer_of(read_call(post_request(std::move(path), std::move(body), std::move(headers))));
}

/// The answer of a route that shows something about the server.
inline HttpResponse show(std::string_view method, const std::string& path, bool is_ready = true) {
  const std::vector models{std::make_shared<const ModelInfo>(test_model())};
  const std::vector<int64_t> answered{42};
  const Limits limits;
  const Match match = find_route(method, path);
  return match.route->show(
      {.method = std::string(method), .path = path, .query = {}, .headers = {}, .body = {}},
      match.values,
      {.models = models, .limits = limits, .is_ready = is_ready, .answered_texts = answered});
}

}  // namespace fastintent::serve
