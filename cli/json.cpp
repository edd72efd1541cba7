#include "json.h"

#include <nlohmann/json.hpp>

namespace fastintent::cli {
namespace {

void write_scored_intent(JsonWriter& out, std::string_view intent, float confidence) {
  out.member("intent", intent);
  out.member("confidence", confidence);
}

void begin_prediction(JsonWriter& out, std::string_view text) {
  out.begin_object();
  out.member("text", text);
}

}  // namespace

JsonWriter line_writer() {
  return JsonWriter(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
}

nlohmann::json parse_log_line(std::string_view line) {
  return nlohmann::json::parse(line.size() > kMaxLogLineBytes ? std::string_view() : line);
}

std::string prediction_line_start(std::string_view text) {
  JsonWriter out = line_writer();
  begin_prediction(out, text);
  return out.text() + ",";
}

std::string prediction_line(std::string_view text, const IntentPrediction& prediction) {
  JsonWriter out = line_writer();
  begin_prediction(out, text);
  if (!prediction.error.empty()) {
    out.member("error", prediction.error);
    out.end_object();
    return out.text();
  }
  write_scored_intent(out, prediction.intent, prediction.confidence);
  out.member("needs_review", prediction.needs_review);
  if (prediction.truncated) {
    out.member("truncated", true);
  }
  out.key("alternatives");
  out.begin_array();
  for (const ScoredIntent& alternative : prediction.alternatives) {
    out.begin_object();
    write_scored_intent(out, alternative.intent, alternative.confidence);
    out.end_object();
  }
  out.end_array();
  if (!prediction.logits.empty()) {
    out.member("logits", prediction.logits);
  }
  out.end_object();
  return out.text();
}

}  // namespace fastintent::cli
