#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "fastintent/prediction.h"

namespace fastintent::cli {

/// Counts of what `predict` has written.
struct AnswerCounts {
  int64_t texts = 0;
  int64_t blank = 0;
  int64_t truncated = 0;
  int64_t to_review = 0;

  void add(const IntentPrediction& prediction);
  /// Counts one line as prediction_line writes it, without what stands before its "text" and that.
  void add_line(std::string_view after_text);
};

/// Takes up an interrupted output: takes the texts that `answers` has a whole line for from `next`,
/// and cuts off a last line that is not whole. Constant memory.
///
/// Throws invalid_data (file, line) when a line does not belong to the text of the same number: the
/// input is another one.
AnswerCounts resume_answers(const std::filesystem::path& answers,
                            const std::function<bool(std::string& text)>& next);

}  // namespace fastintent::cli
