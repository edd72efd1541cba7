#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <list>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {

namespace {

// How long an idle worker looks for more work before it sleeps. A sleeping thread takes 20 to 100
// µs to wake, as long as a third of a query; queries follow each other within a few µs when a caller
// predicts in a loop.
constexpr std::chrono::microseconds kLookOut{100};

constexpr const char* kWorkers = "worker threads";

constexpr std::chrono::milliseconds kMeanwhile{100};  // so that a person sees no delay

}  // namespace

// Each run() raises `generation`; a worker runs the task once for each generation it sees and
// counts itself out of `running`. A team works the same way with all workers but the first.
// Submitted tasks wait in one queue and run after both. One mutex guards all of it, except that the
// workers of a team and those looking for work watch atomics: a task lasts milliseconds, a query in
// a team less than one.
class ThreadPool::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(int workers) : errors_(static_cast<size_t>(std::max(1, workers))) {}

  // Each thread keeps this object, because a task may destroy the pool that runs it.
  void start() {
    threads_.reserve(errors_.size());
    try {
      for (size_t worker = 0; worker < errors_.size(); ++worker) {
        threads_.emplace_back(
            [self = shared_from_this(), worker] { self->work(static_cast<int>(worker)); });
      }
    } catch (const std::system_error&) {
      const size_t started = threads_.size();
      stop();
      throw Error(ErrorCode::out_of_resources,
                  "start workers: expected " + std::to_string(errors_.size()) +
                      " threads, found room for " + std::to_string(started));
    } catch (...) {  // no memory for what a thread begins with
      stop();
      throw;
    }
  }

  ~State() = default;

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int size() const { return static_cast<int>(errors_.size()); }

  void run(const Task& task, const std::function<void()>& meanwhile) {
    const std::lock_guard turn(run_);
    std::unique_lock lock(mutex_);
    task_ = &task;
    running_ = errors_.size();
    ++generation_;
    call_workers();
    std::exception_ptr first;
    while (!done_.wait_for(lock, kMeanwhile, [this] { return running_ == 0; })) {
      if (first != nullptr) {
        continue;
      }
      lock.unlock();
      try {
        meanwhile();
      } catch (...) {
        first = std::current_exception();
      }
      lock.lock();
    }
    task_ = nullptr;
    for (std::exception_ptr& error : errors_) {
      if (first == nullptr) {
        first = error;
      }
      error = nullptr;
    }
    if (first != nullptr) {
      std::rethrow_exception(first);
    }
  }

  void submit(std::list<Task> tasks) noexcept {
    const size_t count = tasks.size();
    {
      const std::lock_guard lock(mutex_);
      submitted_.splice(submitted_.end(), tasks);
      ++news_;
    }
    for (size_t i = 0; i < count; ++i) {
      start_.notify_one();
    }
  }

  bool try_run_as_team(const std::function<void(const TeamMember&)>& task) {
    TeamRun team(task, size());
    {
      const std::lock_guard lock(mutex_);
      if (!nothing_to_do() || stopping_ || team_pauses_.decline()) {
        return false;
      }
      team_ = &team;
      ++team_generation_;
      call_workers();
    }
    team.run_member(0);
    team.wait_for_others();
    {
      const std::lock_guard lock(mutex_);
      team_ = nullptr;
      team_pauses_.ended(team.gave_way());
    }
    team.rethrow();
    return true;
  }

  bool idle() const {
    const std::lock_guard lock(mutex_);
    return nothing_to_do();
  }

  // Ends when all that was submitted has run. On a worker, that worker ends after its current task.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      call_workers();
    }
    int own = -1;
    for (size_t worker = 0; worker < threads_.size(); ++worker) {
      if (threads_[worker].get_id() == std::this_thread::get_id()) {
        own = static_cast<int>(worker);
        threads_[worker].detach();
      } else {
        threads_[worker].join();
      }
    }
    if (own >= 0) {  // a pool of one worker, say, has no other to run the rest
      std::unique_lock lock(mutex_);
      while (!submitted_.empty()) {
        run_submitted_task(own, lock);
      }
    }
  }

 private:
  // Under the mutex.
  void call_workers() {
    ++news_;
    start_.notify_all();
  }
  bool nothing_to_do() const {
    return busy_ == 0 && submitted_.empty() && running_ == 0 && team_ == nullptr;
  }

  void work(int worker) {
    uint64_t seen = 0;
    uint64_t team_seen = 0;
    std::unique_lock lock(mutex_);
    while (true) {
      const auto has_work = [&] {
        return stopping_ || generation_ != seen || !submitted_.empty() ||
               (worker > 0 && team_generation_ != team_seen);
      };
      if (worker > 0 && !has_work()) {
        look_out(lock);
      }
      start_.wait(lock, has_work);
      if (worker > 0 && team_generation_ != team_seen) {
        team_seen = team_generation_;
        TeamRun& team = *team_;  // ends only when this worker has run
        lock.unlock();
        team.run_member(worker);
        lock.lock();
      } else if (generation_ != seen) {
        seen = generation_;
        run_shared_task(worker, lock);
      } else if (!submitted_.empty()) {
        run_submitted_task(worker, lock);
      } else {
        return;  // stopping
      }
    }
  }

  // Returns when `news_` has changed or after kLookOut.
  void look_out(std::unique_lock<std::mutex>& lock) {
    const uint64_t known = news_.load(std::memory_order_relaxed);
    lock.unlock();
    const auto end = std::chrono::steady_clock::now() + kLookOut;
    while (news_.load(std::memory_order_relaxed) == known &&
           std::chrono::steady_clock::now() < end) {
    }
    lock.lock();
  }

  void run_shared_task(int worker, std::unique_lock<std::mutex>& lock) {
    const auto* task = task_;
    lock.unlock();
    std::exception_ptr error;
    try {
      (*task)(worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    errors_[static_cast<size_t>(worker)] = error;
    if (--running_ == 0) {
      done_.notify_one();
    }
  }

  void run_submitted_task(int worker, std::unique_lock<std::mutex>& lock) {
    std::list<Task> task;
    task.splice(task.begin(), submitted_, submitted_.begin());
    ++busy_;
    lock.unlock();
    task.front()(worker);
    task.clear();  // its captures are released outside the lock
    lock.lock();
    --busy_;
  }

  std::mutex run_;  // held during run(): of two at a time, one waits
  mutable std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const Task* task_ = nullptr;
  std::list<Task> submitted_;
  std::vector<std::exception_ptr> errors_;
  uint64_t generation_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
  size_t busy_ = 0;          // workers in a submitted task
  TeamRun* team_ = nullptr;  // the running team
  uint64_t team_generation_ = 0;
  TeamPauses team_pauses_;
  std::atomic<uint64_t> news_{0};  // counts events that an idle worker may have to handle
  std::vector<std::thread> threads_;
};

ThreadPool::ThreadPool(int workers) : state_(std::make_shared<State>(workers)) {
  state_->start();
}
ThreadPool::~ThreadPool() {
  if (home_.is_this()) {
    state_->stop();
  } else {
    leave_to_parent(std::move(state_));
  }
}
int ThreadPool::size() const {
  return state_->size();
}
void ThreadPool::run(const Task& task, const std::function<void()>& meanwhile) {
  home_.require(kWorkers);
  state_->run(task, meanwhile);
}
bool ThreadPool::try_run_as_team(const std::function<void(const TeamMember&)>& task) {
  return home_.is_this() && state_->try_run_as_team(task);
}
bool ThreadPool::idle() const {
  return home_.is_this() && state_->idle();
}
void ThreadPool::submit(std::list<Task> tasks) noexcept {
  const std::shared_ptr<State> state = state_;  // one of the tasks may destroy the pool
  state->submit(std::move(tasks));
}

}  // namespace fastintent
