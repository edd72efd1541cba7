#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "fastintent/prediction.h"

namespace fastintent {

/// The distinct ones among some texts, in the order in which they first stand, so that a text that
/// stands twice is computed once.
class DistinctTexts {
 public:
  /// What the views look at must stay while this is used. Without `equal_once` all count as
  /// distinct.
  DistinctTexts(std::span<const std::string_view> texts, bool equal_once);

  std::span<const std::string_view> texts() const { return distinct_; }

  /// The answers of all texts, from those of the distinct ones.
  std::vector<IntentPrediction> spread(std::vector<IntentPrediction> answers) const;

 private:
  std::vector<std::string_view> distinct_;
  std::vector<size_t> place_;  // by text: where it stands in distinct_
};

}  // namespace fastintent
