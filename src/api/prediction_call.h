#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/distinct_texts.h"
#include "api/pending_predictions.h"
#include "api/prediction_context.h"
#include "base/fork.h"
#include "fastintent/prediction_ticket.h"

namespace fastintent {

/// A call of predict_async: shared by its ticket and the workers that run it.
class PredictionTicket::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(PredictionContext context, std::vector<std::string> texts, OnPredictions on_done);

  /// Queues the texts, or calls on_done where none is to be computed; once. Throws as
  /// Predictor::start.
  void start();
  void cancel();
  bool is_done() const;
  /// Whether its workers are in this process, and not in one that called fork() after it began.
  bool is_of_this_process() const { return home_.is_this(); }

 private:
  enum class Stage { waiting, delivering, done };

  void deliver() noexcept;

  HomeProcess home_;
  const PredictionContext context_;
  const std::vector<std::string> texts_;
  const DistinctTexts distinct_;  // of texts_
  mutable std::mutex mutex_;      // guards the rest
  std::condition_variable delivered_;
  Stage stage_ = Stage::waiting;
  std::thread::id deliverer_;  // while delivering
  OnPredictions on_done_;
  std::optional<PendingPredictions> pending_;
};

}  // namespace fastintent
