#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "compute/prepared_encoder.h"
#include "cuda/encoder_biases.h"
#include "cuda/encoder_inputs.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// A whole encoder, forward. Activations, the residual stream with them, lie in the kind that the
/// products read their factors in; LayerNorm, softmax and all sums are f32.
///
/// Every batch runs in the shapes of its bucket. The second batch of a bucket is captured as a
/// graph, which later ones replay, so that the device gets one order instead of about seven a
/// layer. A text's bits are the same in every bucket and batch, captured or not.
///
/// One thread at a time.
class CudaEncoder {
 public:
  explicit CudaEncoder(Workspace& workspace) : workspace_(workspace) {}

  /// As Backend::encode. Returns before the device is done. Throws out_of_resources or
  /// std::bad_alloc when memory is short; a smaller batch may still run then.
  void run(const TokenInputs& tokens,
           std::span<const int32_t> starts,
           const PreparedEncoder& encoder,
           Tensor out);

 private:
  struct BucketRun {
    bool direct = false;  // done before, so that the products have chosen their algorithms
    Graph graph;          // or none yet
  };

  void take_over(const PreparedEncoder& encoder);
  void forget_runs();
  std::byte* at_least(size_t bytes);

  Workspace& workspace_;
  EncoderUpload upload_{workspace_};

  // Of the encoder that ran last: a worker's backend serves one model.
  uint64_t number_ = 0;  // that of its first weight; 0: none
  EncoderBiases biases_;
  std::map<EncoderBucket, BucketRun> runs_;

  DeviceMemory memory_;
};

}  // namespace fastintent::cuda
