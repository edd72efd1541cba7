#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {

int available_cores() {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  const bool known = sched_getaffinity(0, sizeof(affinity), &affinity) == 0;
  const int cores = std::max(
      1, known ? CPU_COUNT(&affinity) : static_cast<int>(std::thread::hardware_concurrency()));
  // cgroup v2: "quota period" in microseconds, or "max period".
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (limit >> quota >> period && quota > 0 && period > 0) {
    return std::clamp(static_cast<int>(std::ceil(quota / period)), 1, cores);
  }
  return cores;
}

// Each run() raises `generation`; a worker runs the task once for each generation it sees and
// counts itself out of `running`. Submitted tasks wait in one queue and come after a run. All of it
// under one mutex: a task lasts milliseconds, a wake-up microseconds.
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

  void run(const std::function<void(int)>& task) {
    std::unique_lock lock(mutex_);
    task_ = &task;
    running_ = errors_.size();
    ++generation_;
    start_.notify_all();
    done_.wait(lock, [this] { return running_ == 0; });
    task_ = nullptr;
    std::exception_ptr first;
    for (std::exception_ptr& error : errors_) {
      if (first == nullptr) first = error;
      error = nullptr;
    }
    if (first != nullptr) std::rethrow_exception(first);
  }

  void submit(std::function<void(int)> task) {
    {
      const std::lock_guard lock(mutex_);
      submitted_.push_back(std::move(task));
    }
    start_.notify_one();
  }

 private:
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    start_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void work(int worker) {
    uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    while (true) {
      start_.wait(lock, [&] { return stopping_ || generation_ != seen || !submitted_.empty(); });
      if (generation_ != seen) {
        seen = generation_;
        run_shared_task(worker, lock);
      } else if (!submitted_.empty()) {
        run_submitted_task(worker, lock);
      } else {
        return;  // stopping
      }
    }
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
    if (--running_ == 0) done_.notify_one();
  }

  void run_submitted_task(int worker, std::unique_lock<std::mutex>& lock) {
    std::function<void(int)> task = std::move(submitted_.front());
    submitted_.pop_front();
    lock.unlock();
    task(worker);
    task = nullptr;  // what it holds is let go outside the lock
    lock.lock();
  }

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(int)>* task_ = nullptr;
  std::deque<std::function<void(int)>> submitted_;
  std::vector<std::exception_ptr> errors_;
  uint64_t generation_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last: threads start when everything above stands
};

ThreadPool::ThreadPool(int workers) : state_(std::make_unique<State>(workers)) {}
ThreadPool::~ThreadPool() = default;
int ThreadPool::size() const {
  return state_->size();
}
void ThreadPool::run(const std::function<void(int worker)>& task) {
  state_->run(task);
}
void ThreadPool::submit(std::function<void(int worker)> task) {
  state_->submit(std::move(task));
}

}  // namespace fastintent
