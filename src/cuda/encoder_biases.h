#pragma once

#include <map>
#include <span>

#include "compute/layer.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// What all of an encoder's weights are stored in.
Factors factors_of(const PreparedEncoder& encoder);

/// The biases that products of an encoder add themselves, which cuBLASLt reads in the kind of its
/// result: in 16 bits as copies, made once. The others stay f32, added on the way into a LayerNorm.
class EncoderBiases {
 public:
  EncoderBiases() = default;
  EncoderBiases(Workspace& workspace, const PreparedEncoder& encoder);

  /// The bias [N] of one of the encoder's layers, on the device; null where it has none.
  const void* of(const PreparedLinear& linear) const;

 private:
  DeviceMemory memory_;
  std::map<const float*, const void*> copies_;  // by where the bias lies
};

}  // namespace fastintent::cuda
