#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "fastintent/prediction.h"

namespace fastintent::cli {

/// Counts of the lines that `predict` has written.
struct AnswerCounts {
  int64_t texts = 0;
  int64_t blank = 0;
  int64_t truncated = 0;
  int64_t to_review = 0;

  void add(const IntentPrediction& prediction);
  /// Counts one line of prediction_line, without the part up to and including its "text".
  void add_line(std::string_view after_text);
};

/// Resumes an interrupted output: reads from `next` the texts for which `answers` has a complete
/// line, and cuts off an incomplete last line. Constant memory.
///
/// Throws invalid_data (file, line) when a line does not belong to the text of the same number: the
/// input differs.
AnswerCounts resume_answers(const std::filesystem::path& answers,
                            const std::function<bool(std::string& text)>& next);

}  // namespace fastintent::cli
