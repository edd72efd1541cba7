#pragma once

#include "compute/layer.h"
#include "cuda/batch_inputs.h"
#include "cuda/encoder_biases.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Where a batch of one bucket is stored on the device; rows of activations are factors of
/// products.
struct EncoderPlaces {
  std::byte* input_block = nullptr;
  BatchInputs inputs;                    // in that block
  std::byte* embedded = nullptr;         // [T,E] if embeddings are projected; else null
  std::byte* hidden = nullptr;           // [T,H] between layers
  std::byte* query_key_value = nullptr;  // [T,3H]
  std::byte* context = nullptr;          // [T,H]
  std::byte* projected = nullptr;        // [T,H] a product before it is normalised
  std::byte* attended = nullptr;         // [T,H]
  std::byte* activated = nullptr;        // [T,I]
  std::byte* first_rows = nullptr;   // [S,H] if only those continue in the last layer; else null
  std::byte* first_query = nullptr;  // [S,H] likewise
  size_t bytes = 0;                  // of them all

  /// Cuts the places from a block of memory; with null it only computes `bytes`.
  static EncoderPlaces in(std::byte* block,
                          const BatchBucket& bucket,
                          const PreparedEncoder& encoder);
};

/// Submits the complete encoder to the stream, over the inputs stored there. `hidden` becomes the
/// result: [T,H], or [S,H] if the last layer continues with first rows only. It launches only
/// kernels and products, whose arguments depend on nothing but the parameters here, so it may be
/// captured.
void run_encoder_steps(Workspace& workspace,
                       const PreparedEncoder& encoder,
                       const EncoderBiases& biases,
                       const BatchBucket& bucket,
                       const EncoderPlaces& places);

}  // namespace fastintent::cuda
