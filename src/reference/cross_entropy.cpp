#include <algorithm>
#include <cmath>
#include <vector>

#include "reference/reference_operations.h"

namespace fastintent::reference {

// With label smoothing e, weights w and label y, a row's loss is sum_c target_c · (-log p_c) where
// target_c = (1 - e) [c = y] w_y + e/C w_c; its gradient is p_c · sum(target) - target_c.
void softmax_cross_entropy(ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits) {
  const int64_t C = logits.columns;
  const auto smoothing = static_cast<double>(options.label_smoothing);
  const auto weight_of = [&](int64_t c) {
    return options.class_weights.empty() ? 1.0 : static_cast<double>(options.class_weights[c]);
  };
  std::vector<double> targets(static_cast<size_t>(C));
  std::vector<double> log_probabilities(static_cast<size_t>(C));
  for (int64_t s = 0; s < logits.rows; ++s) {
    if (labels[s] == kNoLabel) {
      losses[s] = 0;
      std::fill_n(d_logits.row(s), C, 0.0F);
      continue;
    }
    const float* row = logits.row(s);
    const double largest = *std::max_element(row, row + C);
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) {
      sum += std::exp(row[c] - largest);
    }
    double loss = 0;
    double target_sum = 0;
    for (int64_t c = 0; c < C; ++c) {
      const double hard = c == labels[s] ? 1.0 - smoothing : 0.0;
      targets[c] = (hard + smoothing / static_cast<double>(C)) * weight_of(c);
      target_sum += targets[c];
      log_probabilities[c] = row[c] - largest - std::log(sum);
      loss -= targets[c] * log_probabilities[c];
    }
    losses[s] = static_cast<float>(loss);
    for (int64_t c = 0; c < C; ++c) {
      const double gradient = std::exp(log_probabilities[c]) * target_sum - targets[c];
      d_logits.row(s)[c] = static_cast<float>(gradient / options.normalizer);
    }
  }
}

}  // namespace fastintent::reference
