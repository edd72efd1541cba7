#pragma once

namespace fastintent {

/// The numbers of one AdamW step, with bias correction already worked out:
///   g = gradient · gradient_scale
///   m = beta1 m + (1 - beta1) g
///   v = beta2 v + (1 - beta2) g²
///   p = p (1 - learning_rate · weight_decay) - step_size · m / (sqrt(v) · root_correction +
///   epsilon)
/// where
///   step_size = learning_rate / (1 - beta1^step)
///   root_correction = 1 / sqrt(1 - beta2^step)
struct AdamwRates {
  float learning_rate = 0;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float epsilon = 1e-8F;
  float weight_decay = 0;
  float gradient_scale = 1;  ///< gradient clipping: min(1, limit / norm)
  float step_size = 0;
  float root_correction = 1;
};

}  // namespace fastintent
