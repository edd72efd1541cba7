#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace fastintent {

/// Probabilities of one row of finite logits: softmax(logits / temperature). Nothing overflows, as
/// the largest logit is subtracted from each. Evaluation, calibration and ranking on the host share
/// this class, so that a confidence equals a threshold derived from it to the bit.
class Softmax {
 public:
  /// `logits`, not empty, must outlive this.
  explicit Softmax(std::span<const float> logits, double temperature = 1)
      : logits_(logits),
        largest_(*std::max_element(logits.begin(), logits.end())),
        temperature_(temperature) {
    for (const float logit : logits) {
      sum_ += std::exp(scaled(logit));
    }
  }

  float probability(size_t c) const {
    return static_cast<float>(std::exp(scaled(logits_[c])) / sum_);
  }

  /// Finite even where probability() rounds to 0.
  double log_probability(size_t c) const { return scaled(logits_[c]) - std::log(sum_); }

 private:
  double scaled(float logit) const { return (logit - largest_) / temperature_; }

  std::span<const float> logits_;
  double largest_;
  double temperature_;
  double sum_ = 0;
};

}  // namespace fastintent
