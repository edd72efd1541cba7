#include "json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace fastintent::cli {
namespace {

template <typename Float>
std::string finite_or_null(Float value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string scored_intent(std::string_view intent, float confidence) {
  return fmt::format(
      R"("intent":{},"confidence":{})", json_string(intent), json_number(confidence));
}

}  // namespace

std::string json_string(std::string_view text) {
  const nlohmann::json value = text;
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string valid_utf8(std::string_view text) {
  return nlohmann::json::parse(json_string(text)).get<std::string>();
}

nlohmann::json parse_log_line(std::string_view line) {
  return nlohmann::json::parse(line.size() > kMaxLogLineBytes ? std::string_view() : line);
}

std::string json_number(float value) {
  return finite_or_null(value);
}

std::string json_number(double value) {
  return finite_or_null(value);
}

JsonObject& JsonObject::array(std::string_view key, std::span<const JsonObject> values) {
  std::string list;
  for (const JsonObject& value : values) {
    list += list.empty() ? "" : ",";
    list += value.line();
  }
  return add(key, "[" + list + "]");
}

JsonObject& JsonObject::add(std::string_view key, std::string_view value) {
  members_ += members_.empty() ? "" : ",";
  members_ += json_string(key);
  members_ += ":";
  members_ += value;
  return *this;
}

std::string prediction_line_start(std::string_view text) {
  return fmt::format(R"({{"text":{},)", json_string(text));
}

std::string prediction_line(std::string_view text, const IntentPrediction& prediction) {
  std::string line = prediction_line_start(text);
  if (!prediction.error.empty()) {
    return line + fmt::format(R"("error":{}}})", json_string(prediction.error));
  }
  line += scored_intent(prediction.intent, prediction.confidence);
  line += fmt::format(R"(,"needs_review":{},)", prediction.needs_review);
  if (prediction.truncated) {
    line += R"("truncated":true,)";
  }
  line += R"("alternatives":[)";
  for (size_t i = 0; i < prediction.alternatives.size(); ++i) {
    const ScoredIntent& alternative = prediction.alternatives[i];
    line += i == 0 ? "{" : ",{";
    line += scored_intent(alternative.intent, alternative.confidence) + "}";
  }
  line += "]";
  if (!prediction.logits.empty()) {
    line += R"(,"logits":[)";
    for (size_t i = 0; i < prediction.logits.size(); ++i) {
      line += i == 0 ? "" : ",";
      line += json_number(prediction.logits[i]);
    }
    line += "]";
  }
  return line + "}";
}

}  // namespace fastintent::cli
