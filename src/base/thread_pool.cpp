#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/spin_barrier.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

// How long an idle worker looks for more work before it sleeps. A sleeping thread takes 20 to 100
// µs to wake, as long as a third of a query; queries follow each other within a few µs when a caller
// predicts in a loop.
constexpr std::chrono::microseconds kLookOut{100};

// Where other programs compete for the cores, members wait again and again for one that has lost
// its core, which is slower than no team. The pool then declines some requests, twice as many each
// time.
constexpr int kLongestPause = 256;

constexpr const char* kWorkers = "worker threads";

constexpr std::chrono::milliseconds kMeanwhile{100};  // so that a person sees no delay

}  // namespace

// Each run() raises `generation`; a worker runs the task once for each generation it sees and
// counts itself out of `running`. A team works the same way with all workers but the first.
// Submitted tasks wait in one queue and run after both. One mutex guards all of it, except that the
// workers of a team and those looking for work watch atomics: a task lasts milliseconds, a query in
// a team less than one.
class ThreadPool::State {
 public:
  explicit State(int workers) : errors_(static_cast<size_t>(std::max(1, workers))) {
    try {
      for (size_t worker = 0; worker < errors_.size(); ++worker) {
        threads_.emplace_back([this, worker] { work(static_cast<int>(worker)); });
      }
    } catch (const std::system_error&) {
      const size_t started = threads_.size();
      stop();
      throw Error(ErrorCode::out_of_resources,
                  "start workers: expected " + std::to_string(errors_.size()) +
                      " threads, found room for " + std::to_string(started));
    }
  }

  ~State() { stop(); }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int size() const { return static_cast<int>(errors_.size()); }

  void run(const std::function<void(int)>& task, const std::function<void()>& meanwhile) {
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

  void submit(std::function<void(int)> task) {
    {
      const std::lock_guard lock(mutex_);
      submitted_.push_back(std::move(task));
      ++news_;
    }
    start_.notify_one();
  }

  bool try_run_as_team(const std::function<void(const TeamMember&)>& task) {
    SpinBarrier barrier(size());
    {
      const std::lock_guard lock(mutex_);
      if (!nothing_to_do() || stopping_) {
        return false;
      }
      if (team_pause_ > 0) {
        --team_pause_;
        return false;
      }
      team_ = Team{&task, &barrier};
      team_left_.store(size() - 1, std::memory_order_relaxed);
      ++team_generation_;
      call_workers();
    }
    task(PoolMember(0, size(), barrier));
    spin_until([this] { return team_left_.load(std::memory_order_acquire) == 0; });
    const std::lock_guard lock(mutex_);
    last_pause_ = barrier.gave_way() ? std::min(2 * last_pause_, kLongestPause) : 1;
    if (barrier.gave_way()) {
      team_pause_ = last_pause_;
    }
    return true;
  }

  bool idle() const {
    const std::lock_guard lock(mutex_);
    return nothing_to_do();
  }

 private:
  class PoolMember final : public TeamMember {
   public:
    PoolMember(int index, int size, SpinBarrier& barrier)
        : TeamMember(index, size), barrier_(barrier) {}
    void wait() const override { barrier_.wait(); }

   private:
    SpinBarrier& barrier_;
  };

  struct Team {
    const std::function<void(const TeamMember&)>* task = nullptr;
    SpinBarrier* barrier = nullptr;
  };

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      call_workers();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  // Under the mutex.
  void call_workers() {
    ++news_;
    start_.notify_all();
  }
  bool nothing_to_do() const {
    return busy_ == 0 && submitted_.empty() && running_ == 0 &&
           team_left_.load(std::memory_order_relaxed) == 0;
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
        run_in_team(worker, lock);
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

  void run_in_team(int worker, std::unique_lock<std::mutex>& lock) {
    const Team team = team_;
    lock.unlock();
    (*team.task)(PoolMember(worker, size(), *team.barrier));
    team_left_.fetch_sub(1, std::memory_order_release);  // the team's memory is the caller's
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
    std::function<void(int)> task = std::move(submitted_.front());
    submitted_.pop_front();
    ++busy_;
    lock.unlock();
    task(worker);
    task = nullptr;  // its captures are released outside the lock
    lock.lock();
    --busy_;
  }

  mutable std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(int)>* task_ = nullptr;
  std::deque<std::function<void(int)>> submitted_;
  std::vector<std::exception_ptr> errors_;
  uint64_t generation_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
  size_t busy_ = 0;  // workers in a submitted task
  Team team_;
  uint64_t team_generation_ = 0;
  int team_pause_ = 0;  // requests to decline
  int last_pause_ = 1;
  std::atomic<int> team_left_{0};     // workers still in the team
  std::atomic<uint64_t> news_{0};     // counts events that an idle worker may have to handle
  std::vector<std::thread> threads_;  // last: threads start when all of the above exists
};

ThreadPool::ThreadPool(int workers) : state_(std::make_shared<State>(workers)) {}
ThreadPool::~ThreadPool() {
  if (!home_.is_this()) {
    leave_to_parent(std::move(state_));
  }
}
int ThreadPool::size() const {
  return state_->size();
}
void ThreadPool::run(const std::function<void(int worker)>& task,
                     const std::function<void()>& meanwhile) {
  home_.require(kWorkers);
  state_->run(task, meanwhile);
}
bool ThreadPool::try_run_as_team(const std::function<void(const TeamMember&)>& task) {
  return home_.is_this() && state_->try_run_as_team(task);
}
bool ThreadPool::idle() const {
  return home_.is_this() && state_->idle();
}
void ThreadPool::submit(std::function<void(int worker)> task) {
  home_.require(kWorkers);
  state_->submit(std::move(task));
}

}  // namespace fastintent
