#include "fastintent/workers.h"

#include <mutex>
#include <utility>

#include "api/require_option.h"
#include "api/workers_state.h"

namespace fastintent {
void require_worker_options(const char* operation, int threads, int64_t max_queued_tokens) {
  require_option(
      operation, threads >= 0 && threads <= kMostWorkers, "threads", "0 to 1024", threads);
  require_option(
      operation, max_queued_tokens >= 0, "max_queued_tokens", "0 or more", max_queued_tokens);
}

Workers::State::State(int threads, int64_t max_queued_tokens)
    : queue_(std::make_shared<WorkQueue>(threads, max_queued_tokens)) {}

Workers::State::~State() {
  if (!queue_->is_of_this_process()) {
    leave_to_parent(std::move(queue_));
  }
}

std::shared_ptr<WorkQueue> Workers::State::queue() {
  const std::lock_guard lock(mutex_);
  if (!queue_->is_of_this_process()) {
    auto ours = std::make_shared<WorkQueue>(queue_->workers(), queue_->most_tokens());
    queue_.swap(ours);
    leave_to_parent(std::move(ours));
  }
  return queue_;
}

Workers::Workers(int threads, int64_t max_queued_tokens) {
  require_worker_options("Workers", threads, max_queued_tokens);
  state_ = std::make_shared<State>(threads, max_queued_tokens);
}
Workers::~Workers() = default;

int Workers::threads() const {
  return state_->queue()->workers();
}
int64_t Workers::queued_tokens() const {
  return state_->queue()->tokens();
}
int64_t Workers::max_queued_tokens() const {
  return state_->queue()->most_tokens();
}

}  // namespace fastintent
