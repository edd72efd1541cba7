#pragma once

#include "compute/layer.h"
#include "cuda/batch_inputs.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Where the head of a batch of one bucket is stored on the device. A place is null if nothing has
/// to be written because the encoder's rows can be used unchanged.
struct HeadPlaces {
  std::byte* pooled = nullptr;  // [S,H] input of the dense layer, as factors
  float* features = nullptr;    // [S,H] input of the classifier
  float* logits = nullptr;      // [S,C]
  ScoredClass* best = nullptr;  // [S,C] at most
  size_t bytes = 0;             // of them all

  /// Cuts the places from a block of memory; with null it only computes `bytes`. `factors`: the
  /// type of the encoder's rows.
  static HeadPlaces in(std::byte* block,
                       const BatchBucket& bucket,
                       Factors factors,
                       const PreparedHead& head);
};

/// Submits the head to the stream, over the rows that run_encoder_steps left in `hidden`. The
/// results are places.logits and places.best. May be captured, like run_encoder_steps.
void run_head_steps(Workspace& workspace,
                    const PreparedHead& head,
                    const BatchBucket& bucket,
                    const BatchInputs& inputs,
                    Factors factors,
                    const std::byte* hidden,
                    const HeadPlaces& places);

}  // namespace fastintent::cuda
