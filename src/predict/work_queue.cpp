#include "predict/work_queue.h"

#include <fmt/format.h>

#include <utility>

#include "base/available_cores.h"
#include "fastintent/error.h"

namespace fastintent {

WorkQueue::WorkQueue(int workers, int64_t most_tokens)
    : most_tokens_(most_tokens), pool_(workers > 0 ? workers : available_cores()) {}

void WorkQueue::submit(std::list<Part> parts, bool bounded) {
  std::list<ThreadPool::Task> tasks;
  int64_t tokens = 0;
  int64_t place = 0;
  for (Part& part : parts) {
    tasks.emplace_back([this](int worker) { run_next(worker); });
    tokens += part.tokens;
    part.turn = place++ / workers();
  }
  count(tokens, bounded);
  // Nothing from here on can fail: a part without a task would wait for ever.
  {
    const std::lock_guard lock(mutex_);
    for (Part& part : parts) {
      part.turn += turn_;
    }
    waiting_.merge(parts, [](const Part& a, const Part& b) { return a.turn < b.turn; });
  }
  pool_.submit(std::move(tasks));
}

void WorkQueue::count(int64_t tokens, bool bounded) {
  if (!bounded || most_tokens_ == 0) {
    tokens_ += tokens;
    return;
  }
  if (tokens > most_tokens_) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("predict: expected at most {} tokens in a call (max_queued_tokens), "
                            "found {}; divide its texts over several calls",
                            most_tokens_,
                            tokens));
  }
  int64_t before = tokens_;
  do {
    if (before + tokens > most_tokens_) {
      throw Error(ErrorCode::overloaded,
                  fmt::format("predict: expected room for {} tokens in the queue, found {} of {} "
                              "taken; try again later",
                              tokens,
                              before,
                              most_tokens_));
    }
  } while (!tokens_.compare_exchange_weak(before, before + tokens));
}

// Takes the next part and others of its model that fit into one pass with it; leaves one for each
// idle worker. Empty when other workers took them all.
std::list<WorkQueue::Part> WorkQueue::take() {
  const std::lock_guard lock(mutex_);
  std::list<Part> taken;
  if (waiting_.empty()) {
    return taken;
  }
  ++running_;
  const auto idle = static_cast<size_t>(workers() - running_);
  turn_ = waiting_.front().turn;
  taken.splice(taken.end(), waiting_, waiting_.begin());
  const ModelReplicas* model = taken.front().model.get();
  int64_t tokens = taken.front().tokens;
  auto next = waiting_.begin();
  while (waiting_.size() > idle && next != waiting_.end()) {
    const auto part = next++;
    if (part->model.get() != model) {
      continue;
    }
    tokens += part->job->is_cancelled() ? 0 : part->tokens;
    if (tokens > model->tokens_of_pass) {
      break;
    }
    taken.splice(taken.end(), waiting_, part);
  }
  return taken;
}

void WorkQueue::run_next(int worker) {
  std::list<Part> taken = take();
  if (taken.empty()) {
    return;
  }
  ModelReplicas& model = *taken.front().model;
  {
    const Stopwatch::Running running(model.time);
    run_parts(*model.by_worker[static_cast<size_t>(worker)], taken);
  }
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  for (const Part& part : taken) {
    model.tokens += part.tokens;
    tokens_ -= part.tokens;
  }
  // Last: a call's end may destroy this queue.
  for (Part& part : taken) {
    part.job->finish_range(std::move(part.error));  // so that the caller destroys it
  }
}

// Runs `parts` in one pass. If that fails, runs each by itself, so that an error belongs to the call
// that causes it.
void WorkQueue::run_parts(Replica& replica, std::list<Part>& parts) {
  const auto range_of = [](const Part& part) {
    const auto [begin, end] = part.range;
    const Answers answers = part.job->rankings.places().of_texts(begin, end - begin);
    return RangeToRun{part.job->texts, part.range, answers};
  };
  const auto is_to_run = [](Part& part) {
    try {
      part.job->require_time();
    } catch (...) {
      part.error = std::current_exception();
    }
    return part.error == nullptr && !part.job->is_cancelled();
  };
  try {
    std::vector<RangeToRun> ranges;
    for (Part& part : parts) {
      if (is_to_run(part)) {
        ranges.push_back(range_of(part));
      }
    }
    if (ranges.size() > 1) {
      replica.run_together(ranges);
      return;
    }
  } catch (...) {  // an error that remains is met again below
  }
  for (Part& part : parts) {
    if (part.error != nullptr || part.job->is_cancelled()) {
      continue;
    }
    try {
      replica.run(range_of(part));
    } catch (...) {
      part.error = std::current_exception();
    }
  }
}

}  // namespace fastintent
