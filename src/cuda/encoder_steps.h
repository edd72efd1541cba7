#pragma once

#include "compute/layer.h"
#include "cuda/batch_inputs.h"
#include "cuda/encoder_biases.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Where a batch of one bucket lies on the device; rows of activations as factors of products.
struct EncoderPlaces {
  std::byte* input_block = nullptr;
  BatchInputs inputs;                    // in that block
  std::byte* hidden = nullptr;           // [T,H] between layers
  std::byte* query_key_value = nullptr;  // [T,3H]
  std::byte* context = nullptr;          // [T,H]
  std::byte* projected = nullptr;        // [T,H] a product on its way into a norm
  std::byte* attended = nullptr;         // [T,H]
  std::byte* activated = nullptr;        // [T,I]
  std::byte* first_rows = nullptr;   // [S,H] where only those go on in the last layer; else null
  std::byte* first_query = nullptr;  // [S,H] likewise
  size_t bytes = 0;                  // of them all

  /// In a block of memory; with null only `bytes` counts.
  static EncoderPlaces in(std::byte* block,
                          const BatchBucket& bucket,
                          const PreparedEncoder& encoder);
};

/// Gives the stream the whole encoder over the inputs that lie there: `hidden` becomes the result,
/// [T,H], or [S,H] where the last layer goes on with first rows only. Kernels and products alone,
/// with arguments that depend on nothing but the parameters here, so it may be captured.
void run_encoder_steps(Workspace& workspace,
                       const PreparedEncoder& encoder,
                       const EncoderBiases& biases,
                       const BatchBucket& bucket,
                       const EncoderPlaces& places);

}  // namespace fastintent::cuda
