#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "fastintent/evaluation.h"
#include "model/activations.h"
#include "model/prepared_model.h"
#include "train/encoded_dataset.h"
#include "train/gradient_workers.h"

namespace fastintent {

/// Evaluates a model in training on a data set, on all workers.
class Validation {
 public:
  /// `workers` lends its backends, between steps.
  Validation(ThreadPool& pool, GradientWorkers& workers, const ModelConfig& config);

  Evaluation run(const PreparedModel& model, const EncodedDataset& data);

 private:
  ThreadPool& pool_;
  GradientWorkers& workers_;
  std::vector<std::unique_ptr<Activations>> activations_;  // by worker
};

}  // namespace fastintent
