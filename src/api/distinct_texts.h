#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "fastintent/prediction.h"

namespace fastintent {

/// The distinct texts of a call, in the order of their first occurrence, so that repeated texts are
/// computed once.
class DistinctTexts {
 public:
  /// The texts of the views must outlive this. Without `equal_once` all count as distinct.
  DistinctTexts(std::span<const std::string_view> texts, bool equal_once);

  std::span<const std::string_view> texts() const { return distinct_; }

  /// Expands the predictions of the distinct texts to those of all texts.
  std::vector<IntentPrediction> spread(std::vector<IntentPrediction> predictions) const;

 private:
  std::vector<std::string_view> distinct_;
  std::vector<size_t> place_;  // by text: its index in distinct_
};

}  // namespace fastintent
