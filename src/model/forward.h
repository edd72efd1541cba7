#pragma once

#include <span>
#include <vector>

#include "base/team.h"
#include "batch/packed_batch.h"
#include "compute/answers.h"
#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// Runs a model forward for inference, on one backend: by the device's own implementation of the
/// encoder or of the complete model if it has one, otherwise by the operations one by one. This
/// class alone decides between the two. One thread at a time; results are valid until the next
/// call.
class Forward {
 public:
  /// Backend and model must outlive this object; the model is one for inference.
  Forward(Backend& backend, const PreparedModel& model);

  /// Returns the rows that the head pools: [T,H], or under first-token pooling [S,H], the first row
  /// of each sequence. `team` may run parts of it on other threads; null: on the calling thread
  /// alone.
  Tensor encoded(const PackedBatch& batch, Team* team = nullptr);

  /// Returns the logits [S,C], in the backend's memory.
  Tensor logits(const PackedBatch& batch, Team* team = nullptr);

  /// As Backend::try_answer, but works on every device. Waits for the answers.
  void ranked(const PackedBatch& batch,
              double temperature,
              const Answers& answers,
              Team* team = nullptr);

 private:
  Backend& backend_;
  const PreparedModel& model_;
  Activations activations_;
  std::vector<float> logits_;  // in host memory, if the caller does not request them
};

/// Computes logits [S,C] from tokens by the operations one by one, as training needs: sizes `act`
/// for the batch, runs encoder and head, returns act.head.logits.
Tensor composed_logits(const Pass& pass, const PreparedModel& model, Activations& act);

}  // namespace fastintent
