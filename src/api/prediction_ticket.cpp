#include "fastintent/prediction_ticket.h"

#include <utility>

#include "api/prediction_call.h"

namespace fastintent {

PredictionTicket::Call::Call(PredictionContext context,
                             std::vector<std::string> texts,
                             OnPredictions on_done)
    : context_(std::move(context)),
      texts_(std::move(texts)),
      distinct_(std::vector<std::string_view>(texts_.begin(), texts_.end()),
                context_.equal_texts_once),
      on_done_(std::move(on_done)) {}

void PredictionTicket::Call::start() {
  bool caused_work = false;
  {
    const std::lock_guard lock(mutex_);  // a fast worker waits with its answers for pending_
    pending_.emplace(context_,
                     distinct_.texts(),
                     Schedule{.deadline = context_.options.deadline,
                              .bounded = true,
                              .on_done = [call = shared_from_this()] { call->deliver(); }});
    caused_work = pending_->caused_work();
  }
  context_.count_repeated(texts_.size() - distinct_.texts().size());
  if (!caused_work) {
    deliver();
  }
}

void PredictionTicket::Call::deliver() noexcept {
  std::unique_lock lock(mutex_);
  if (stage_ != Stage::waiting) {
    return;  // cancelled
  }
  stage_ = Stage::delivering;
  deliverer_ = std::this_thread::get_id();
  OnPredictions on_done = std::exchange(on_done_, nullptr);
  std::optional<PendingPredictions> pending = std::exchange(pending_, std::nullopt);
  lock.unlock();
  std::vector<IntentPrediction> predictions;
  std::exception_ptr error;
  try {
    predictions = distinct_.spread(pending->take());
  } catch (...) {
    error = std::current_exception();
  }
  on_done(std::move(predictions), std::move(error));
  on_done = nullptr;  // what it refers to may end with the ticket
  lock.lock();
  stage_ = Stage::done;
  delivered_.notify_all();
}

void PredictionTicket::Call::cancel() {
  std::optional<PendingPredictions> pending;  // destroyed outside the lock, as the next one
  OnPredictions on_done;
  std::unique_lock lock(mutex_);
  if (stage_ == Stage::waiting) {
    stage_ = Stage::done;
    pending = std::exchange(pending_, std::nullopt);
    on_done = std::exchange(on_done_, nullptr);
  } else if (stage_ == Stage::delivering && deliverer_ != std::this_thread::get_id()) {
    delivered_.wait(lock, [this] { return stage_ == Stage::done; });
  }
}

bool PredictionTicket::Call::is_done() const {
  const std::lock_guard lock(mutex_);
  return stage_ == Stage::done;
}

PredictionTicket::PredictionTicket() noexcept = default;
PredictionTicket::PredictionTicket(std::shared_ptr<Call> call) noexcept : call_(std::move(call)) {}
PredictionTicket::PredictionTicket(PredictionTicket&&) noexcept = default;

PredictionTicket::~PredictionTicket() {
  cancel();
}

PredictionTicket& PredictionTicket::operator=(PredictionTicket&& other) noexcept {
  PredictionTicket before(std::move(*this));
  call_ = std::move(other.call_);
  return *this;
}

void PredictionTicket::cancel() {
  if (call_ == nullptr) {
    return;
  }
  if (call_->is_of_this_process()) {
    call_->cancel();
    call_.reset();
  } else {
    leave_to_parent(std::move(call_));
  }
}

bool PredictionTicket::is_done() const {
  return call_ == nullptr || (call_->is_of_this_process() && call_->is_done());
}

}  // namespace fastintent
