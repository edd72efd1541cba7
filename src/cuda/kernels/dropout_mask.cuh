#pragma once

#include <tuple>

#include "compute/dropout.h"
#include "cuda/device_code.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// A tensor's dropout as a kernel argument, computed as far as the host can. The keys, which change
/// from step to step, are stored on the device.
struct DropoutOnDevice {
  DropoutOnDevice(Workspace& workspace, const Dropout& dropout)
      : threshold(dropout_threshold(dropout.rate)), scale(1 / (1 - dropout.rate)) {
    if (threshold == 0) {
      return;
    }
    const DropoutKeys of_seed = dropout_keys(dropout.seed);
    keys = workspace.arrays.on_device(std::span(&of_seed, 1));
  }

  auto parts() const { return std::tie(keys, threshold, scale); }

  const DropoutKeys* keys = nullptr;  // null if nothing is dropped
  uint32_t threshold = 0;
  float scale = 1;
};

/// The same inside a kernel.
class DropoutMask {
 public:
  /// Keeps everything.
  DropoutMask() = default;
  __device__ explicit DropoutMask(const DropoutOnDevice& dropout)
      : threshold_(dropout.threshold), scale_(dropout.scale) {
    if (threshold_ != 0) {
      keys_ = *dropout.keys;
    }
  }

  /// Applies dropout to element `index`, which wraps modulo 2^32.
  __device__ float operator()(float value, int64_t index) const {
    if (threshold_ == 0) {
      return value;
    }
    const auto hash = mix_bits(mix_bits(static_cast<uint32_t>(index) ^ keys_.first) ^ keys_.second);
    return hash >= threshold_ ? value * scale_ : 0.0F;
  }

 private:
  DropoutKeys keys_{};
  uint32_t threshold_ = 0;
  float scale_ = 1;
};

}  // namespace fastintent::cuda
