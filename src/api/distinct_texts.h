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
  /// `texts` must stay while this is used.
  explicit DistinctTexts(std::span<const std::string_view> texts);

  std::span<const std::string_view> texts() const { return distinct_; }

  /// The answers of all texts, from those of the distinct ones.
  std::vector<IntentPrediction> spread(std::vector<IntentPrediction> answers) const;

 private:
  std::vector<std::string_view> distinct_;
  std::vector<size_t> place_;  // by text: where it stands in distinct_
};

}  // namespace fastintent
