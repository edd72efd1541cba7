#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "fastintent/prediction.h"

namespace fastintent {

/// Called with the predictions of a call, in the order of its texts, or with the error for which
/// there are none. Must not throw.
using OnPredictions =
    std::function<void(std::vector<IntentPrediction> predictions, std::exception_ptr error)>;

/// A call of IntentClassifier::predict_async. Destroying the ticket cancels the call: texts that no
/// worker has begun are not computed, and on_done is not called any more. When a worker is calling
/// it, the destructor waits until it returns, except in on_done itself. So what on_done refers to
/// must exist as long as the ticket, and no longer.
///
/// It may outlive the classifier. One thread at a time.
class PredictionTicket {
 public:
  PredictionTicket() noexcept;  ///< of no call
  ~PredictionTicket();
  PredictionTicket(PredictionTicket&&) noexcept;             ///< takes the call
  PredictionTicket& operator=(PredictionTicket&&) noexcept;  ///< cancels the call it had

  void cancel();  ///< as the destructor does
  /// Whether on_done has returned, or there is no call.
  bool is_done() const;

 private:
  friend class IntentClassifier;
  class Call;
  explicit PredictionTicket(std::shared_ptr<Call> call) noexcept;

  std::shared_ptr<Call> call_;
};

}  // namespace fastintent
