#pragma once

#include <string>
#include <string_view>

#include "fastintent/prediction.h"

namespace fastintent::cli {

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that the
/// line stays valid JSON.
std::string json_string(std::string_view text);

/// The shortest text that reads back as the same number; null where JSON has none (NaN, infinity).
std::string json_number(float value);
std::string json_number(double value);

/// One line (without its end) of `predict`:
/// {"text","intent","confidence","needs_review","alternatives":[{"intent","confidence"},...]}, with
/// "truncated":true where the text was cut and "logits" where there are any, or {"text","error"}.
std::string prediction_line(std::string_view text, const IntentPrediction& prediction);

/// The beginning of every line of `predict` for `text`.
std::string prediction_line_start(std::string_view text);

}  // namespace fastintent::cli
