#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "api/distinct_texts.h"
#include "api/pending_predictions.h"
#include "base/fork.h"
#include "fastintent/prediction_stream.h"

namespace fastintent {

/// Reads and starts batches ahead of the requested one, as many as keep the workers busy.
class PredictionStream::State {
 public:
  State(PredictionContext context, TextSource source);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool next(PredictionBatch& batch);

  PredictionBatch current;  // the batch of the stream's iterator

 private:
  struct Started {
    Started(const PredictionContext& context, std::vector<std::string> batch)
        : texts(std::move(batch)),
          distinct(std::vector<std::string_view>(texts.begin(), texts.end()),
                   context.equal_texts_once),
          pending(context, distinct.texts()) {}

    std::vector<std::string> texts;
    DistinctTexts distinct;
    PendingPredictions pending;
  };

  bool may_read_ahead() const;
  void start_batch();
  void end();

  HomeProcess home_;
  const PredictionContext context_;
  TextSource source_;         // empty: at its end
  std::exception_ptr error_;  // thrown after all batches started before it were returned
  Progress progress_;
  std::deque<std::unique_ptr<Started>> started_;  // in order
  int64_t next_index_ = 0;
};

}  // namespace fastintent
