#pragma once

#include "compute/layer.h"
#include "cuda/batch_inputs.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Where the head of a batch of one bucket lies on the device. What nothing has to be written for,
/// since the encoder's rows serve as they are, is null.
struct HeadPlaces {
  std::byte* pooled = nullptr;  // [S,H] what a dense layer reads, as factors
  float* features = nullptr;    // [S,H] what the classifier reads
  float* logits = nullptr;      // [S,C]
  ScoredClass* best = nullptr;  // [S,C] at most
  size_t bytes = 0;             // of them all

  /// In a block of memory; with null only `bytes` counts. `factors`: what the encoder's rows are.
  static HeadPlaces in(std::byte* block,
                       const BatchBucket& bucket,
                       Factors factors,
                       const PreparedHead& head);
};

/// Gives the stream the head over the rows that run_encoder_steps left in `hidden`: places.logits
/// and places.best become the results. May be captured, as that may.
void run_head_steps(Workspace& workspace,
                    const PreparedHead& head,
                    const BatchBucket& bucket,
                    const BatchInputs& inputs,
                    Factors factors,
                    const std::byte* hidden,
                    const HeadPlaces& places);

}  // namespace fastintent::cuda
