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

/// A model's way forward for inference, on one backend: the device's own way through the encoder or
/// the whole model where it has one for them, the operations one by one elsewhere. This class alone
/// decides between the two. One thread at a time; results are good until the next call.
class Forward {
 public:
  /// Backend and model, which is for inference, must outlive this.
  Forward(Backend& backend, const PreparedModel& model);

  /// The rows that the head pools: [T,H], or [S,H], the first row of each sequence, under
  /// first-token pooling. `team` may run parts of it on other threads; null: the calling one alone.
  Tensor encoded(const PackedBatch& batch, Team* team = nullptr);

  /// [S,C], in the backend's memory.
  Tensor logits(const PackedBatch& batch, Team* team = nullptr);

  /// As Backend::try_answer has it, on every device. Waits for the answers.
  void ranked(const PackedBatch& batch,
              double temperature,
              const Answers& answers,
              Team* team = nullptr);

 private:
  Backend& backend_;
  const PreparedModel& model_;
  Activations activations_;
  std::vector<float> logits_;  // in host memory, where the caller does not want them
};

/// From tokens to logits [S,C] by the operations one by one, which is what training needs: sizes
/// `act` for the batch, runs encoder and head, returns act.head.logits.
Tensor composed_logits(const Pass& pass, const PreparedModel& model, Activations& act);

}  // namespace fastintent
