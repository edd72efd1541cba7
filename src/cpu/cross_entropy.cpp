#include "cpu/cross_entropy.h"

#include <algorithm>
#include <cmath>

namespace fastintent::cpu {

// With smoothing e and weights w, the target of a row is e w_c / C, plus (1 - e) w_c at its label.
// Its loss is sum(target · -log p), and the gradient p · sum(target) - target.
void softmax_cross_entropy(ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits) {
  const int64_t C = logits.columns;
  const double smoothing = options.label_smoothing;
  const double share = smoothing / static_cast<double>(C);
  const auto weight_of = [&](int64_t c) {
    return options.class_weights.empty()
               ? 1.0
               : static_cast<double>(options.class_weights[static_cast<size_t>(c)]);
  };
  for (int64_t s = 0; s < logits.rows; ++s) {
    const float* row = logits.row(s);
    float* gradient = d_logits.row(s);
    const int64_t label = labels[static_cast<size_t>(s)];
    if (label == kNoLabel) {
      losses[static_cast<size_t>(s)] = 0;
      std::fill_n(gradient, C, 0.0F);
      continue;
    }
    const double largest = *std::max_element(row, row + C);
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) {
      sum += std::exp(row[c] - largest);
    }
    const double log_sum = largest + std::log(sum);
    double loss = 0;
    double targets = 0;
    for (int64_t c = 0; c < C; ++c) {
      const double target = ((c == label ? 1.0 - smoothing : 0.0) + share) * weight_of(c);
      targets += target;
      loss += target * (log_sum - row[c]);
    }
    losses[static_cast<size_t>(s)] = static_cast<float>(loss);
    for (int64_t c = 0; c < C; ++c) {
      const double target = ((c == label ? 1.0 - smoothing : 0.0) + share) * weight_of(c);
      const double probability = std::exp(row[c] - log_sum);
      gradient[c] = static_cast<float>((probability * targets - target) / options.normalizer);
    }
  }
}

}  // namespace fastintent::cpu
