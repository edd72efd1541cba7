#pragma once

#include <cstdint>
#include <memory>

#include "base/fork.h"
#include "fastintent/workers.h"
#include "predict/work_queue.h"

namespace fastintent {

/// Throws invalid_argument for numbers that no workers can have.
void require_worker_options(const char* operation, int threads, int64_t max_queued_tokens);

/// The queue of a process; a child made by fork() gets another one. Safe from many threads.
class Workers::State {
 public:
  State(int threads, int64_t max_queued_tokens);
  ~State();

  std::shared_ptr<WorkQueue> queue();

 private:
  ForkSafeMutex mutex_;
  std::shared_ptr<WorkQueue> queue_;
};

}  // namespace fastintent
