#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "fastintent/prediction.h"

namespace fastintent::cli {

/// A writer of one line; bytes that are not UTF-8 become U+FFFD, so that the line stays valid JSON.
JsonWriter line_writer();

/// Bytes of a line that an earlier run of this program wrote; a line of its training log has about
/// 200.
constexpr size_t kMaxLogLineBytes = 4096;

/// Reads such a line. Throws nlohmann::json::exception unless it is JSON of at most
/// `kMaxLogLineBytes`, whose values cannot nest deep enough to matter.
nlohmann::json parse_log_line(std::string_view line);

/// One line (without its end) of `predict`:
/// {"text","intent","confidence","needs_review","alternatives":[{"intent","confidence"},...]}, with
/// "truncated":true where the text was cut and "logits" where there are any, or {"text","error"}.
std::string prediction_line(std::string_view text, const IntentPrediction& prediction);

/// The beginning of every line of `predict` for `text`.
std::string prediction_line_start(std::string_view text);

}  // namespace fastintent::cli
