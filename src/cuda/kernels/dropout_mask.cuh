#pragma once

#include "compute/dropout.h"
#include "cuda/device_code.h"

namespace fastintent::cuda {

/// A tensor's dropout, worked out as far as the host can.
struct DropoutMask {
  DropoutMask() = default;
  explicit DropoutMask(const Dropout& dropout)
      : keys(dropout_keys(dropout.seed)),
        threshold(dropout_threshold(dropout.rate)),
        scale(1 / (1 - dropout.rate)) {}

  /// What becomes of element `index`, which wraps modulo 2^32.
  __device__ float operator()(float value, int64_t index) const {
    if (threshold == 0) return value;
    const auto hash = mix_bits(mix_bits(static_cast<uint32_t>(index) ^ keys.first) ^ keys.second);
    return hash >= threshold ? value * scale : 0.0F;
  }

  DropoutKeys keys{};
  uint32_t threshold = 0;
  float scale = 1;
};

}  // namespace fastintent::cuda
