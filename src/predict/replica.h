#pragma once

#include <memory>
#include <span>

#include "batch/packed_batch.h"
#include "model/activations.h"
#include "model/prepared_model.h"

namespace fastintent {

/// One worker's means to run the model: a backend and activations of its own over shared, read-only
/// weights. Made and used on one thread.
class Replica {
 public:
  Replica(std::unique_ptr<Backend> backend, std::shared_ptr<const PreparedModel> model);

  /// Logits of every sequence of `batch`.   logits [S,C], host memory
  void run(const PackedBatch& batch, std::span<float> logits);

 private:
  std::unique_ptr<Backend> backend_;
  std::shared_ptr<const PreparedModel> model_;
  Activations activations_;
};

}  // namespace fastintent
