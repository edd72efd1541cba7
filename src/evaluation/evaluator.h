#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "evaluation/reliability.h"
#include "fastintent/evaluation.h"

namespace fastintent {

/// Counts examples one by one, then computes the figures from the counts, so that the logits of a
/// large data set need not be kept. One thread at a time.
class Evaluator {
 public:
  /// `intents` must outlive this. Throws invalid_argument when there are none, or when `temperature`
  /// is not positive and finite.
  Evaluator(const std::vector<std::string>& intents, double temperature);

  /// Counts the next example. Throws invalid_argument unless `row` has a logit for each intent,
  /// invalid_data for logits that are not finite.
  void add(std::span<const float> row, const std::string& label);

  /// The figures of all examples. Call once, last.
  Evaluation finish();

 private:
  void count_known(std::span<const float> row, size_t label, size_t predicted);

  const std::vector<std::string>& intents_;
  std::unordered_map<std::string, size_t> index_;
  Evaluation evaluation_;
  Reliability calibrated_;
  Reliability uncalibrated_;
  std::map<std::pair<size_t, size_t>, int64_t> cells_;  // by label and prediction
  std::map<std::string, int64_t> unseen_;
  int64_t correct_ = 0;
  int64_t in_top_3_ = 0;
  int64_t in_top_5_ = 0;
  double loss_ = 0;
};

}  // namespace fastintent
