#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <string>
#include <vector>

#include "fastintent/intent_classifier.h"

namespace fastintent::python {

namespace nb = nanobind;

/// A call of predict_async, without asyncio: fastintent/_async.py makes a future of it. Its functions
/// need the GIL.
class AsyncCall {
 public:
  /// `one`: the answer is a prediction instead of a list.
  AsyncCall(IntentClassifier& classifier,
            std::vector<std::string> texts,
            PredictOptions options,
            bool one);
  ~AsyncCall();
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// Starts it; once. `on_done` is called on a worker, or before this returns.
  void start(nb::object on_done);
  /// The answer, or the error, once on_done was called.
  nb::object take();
  /// Drops what has not begun; on_done is not called afterwards.
  void cancel();

 private:
  void deliver(std::vector<IntentPrediction> predictions, std::exception_ptr error);

  IntentClassifier* classifier_;  // needed by start() alone
  std::vector<std::string> texts_;
  PredictOptions options_;
  bool one_;
  nb::object on_done_;
  std::vector<IntentPrediction> predictions_;
  std::exception_ptr error_;
  PredictionTicket ticket_;
};

}  // namespace fastintent::python
