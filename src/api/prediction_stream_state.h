#pragma once

#include <exception>

#include "api/pending_predictions.h"
#include "base/fork.h"
#include "fastintent/prediction_stream.h"

namespace fastintent {

/// Reads batches from the source ahead of the requested one.
class PredictionStream::State {
 public:
  State(PredictionContext context, TextSource source);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool next(PredictionBatch& batch);

  PredictionBatch current;  // the batch of the stream's iterator

 private:
  void start_batch();
  void end();

  HomeProcess home_;
  const PredictionContext context_;
  TextSource source_;         // empty: at its end
  std::exception_ptr error_;  // thrown after all batches started before it were returned
  Progress progress_;
  PendingBatches batches_;
};

}  // namespace fastintent
