#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "model/activations.h"
#include "model/prepared_model.h"
#include "train/encoded_dataset.h"
#include "train/gradient_workers.h"

namespace fastintent {

/// Runs a model over a data set during training, on all workers.
class Validation {
 public:
  /// Uses the backends of `workers` between steps.
  Validation(ThreadPool& pool, GradientWorkers& workers, const ModelConfig& config);

  /// Logits [examples][intents]; nothing when `should_stop`, which may be empty and is called at the
  /// start and then ten times per second, returns true.
  std::optional<std::vector<std::vector<float>>> run(const PreparedModel& model,
                                                     const EncodedDataset& data,
                                                     const std::function<bool()>& should_stop);

 private:
  ThreadPool& pool_;
  GradientWorkers& workers_;
  std::vector<std::unique_ptr<Activations>> activations_;  // by worker
};

}  // namespace fastintent
