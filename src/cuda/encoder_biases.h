#pragma once

#include <map>
#include <span>

#include "compute/layer.h"
#include "cuda/kernels/distance_bias.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// The type in which all weights of an encoder are stored.
Factors factors_of(const PreparedEncoder& encoder);

/// The biases that products of an encoder add themselves, and that of attention by distance.
/// cuBLASLt reads biases in the type of its result, so in 16 bits they are copies, made once. The
/// other biases stay f32 and are added in the LayerNorm that follows.
class EncoderBiases {
 public:
  EncoderBiases() = default;
  EncoderBiases(Workspace& workspace, const PreparedEncoder& encoder);

  /// The bias [N] of one of the encoder's layers, on the device; null if it has none.
  const void* of(const PreparedLinear& linear) const;
  const DistanceBiasOnDevice& distance_bias() const { return distance_bias_; }

 private:
  DeviceMemory memory_;
  std::map<const float*, const void*> copies_;  // by the address of the bias
  DeviceMemory buckets_;
  DistanceBiasOnDevice distance_bias_;
};

}  // namespace fastintent::cuda
