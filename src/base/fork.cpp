#include "base/fork.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {
namespace {

std::atomic<int64_t> forks{0};

// Not destroyed at the end of the program: threads may still be running then.
struct Mutexes {
  std::mutex lock;
  std::vector<ForkSafeMutex*> all;  // in the order they were made in
};
Mutexes& mutexes() {
  static Mutexes& mutexes = *new Mutexes;
  return mutexes;
}

void lock_all() {
  mutexes().lock.lock();
  for (ForkSafeMutex* mutex : mutexes().all) {
    mutex->lock();
  }
}

void unlock_all() {
  const std::vector<ForkSafeMutex*>& all = mutexes().all;
  std::for_each(all.rbegin(), all.rend(), [](ForkSafeMutex* mutex) { mutex->unlock(); });
  mutexes().lock.unlock();
}

void unlock_all_in_child() {
  forks.fetch_add(1, std::memory_order_relaxed);
  unlock_all();
}

[[maybe_unused]] const int kRegistered = pthread_atfork(lock_all, unlock_all, unlock_all_in_child);

}  // namespace

int64_t fork_count() {
  return forks.load(std::memory_order_relaxed);
}

void HomeProcess::require(const char* thing) const {
  if (is_this()) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              std::string(thing) +
                  ": expected one made in this process, found one made before fork(), whose "
                  "threads stayed behind; make it in each process, or start processes with "
                  "\"spawn\"");
}

void leave_to_parent(std::shared_ptr<void> object) {
  static std::mutex& lock = *new std::mutex;
  static auto& objects = *new std::vector<std::shared_ptr<void>>;
  const std::lock_guard guard(lock);
  objects.push_back(std::move(object));
}

ForkSafeMutex::ForkSafeMutex() {
  const std::lock_guard guard(mutexes().lock);
  mutexes().all.push_back(this);
}

ForkSafeMutex::~ForkSafeMutex() {
  const std::lock_guard guard(mutexes().lock);
  std::erase(mutexes().all, this);
}

}  // namespace fastintent
