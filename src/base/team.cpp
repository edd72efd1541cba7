#include "base/team.h"

#include <algorithm>

namespace fastintent {

namespace {

class RunMember final : public TeamMember {
 public:
  RunMember(int index, int size, SpinBarrier& barrier)
      : TeamMember(index, size), barrier_(barrier) {}
  void wait() const override { barrier_.wait(); }

 private:
  SpinBarrier& barrier_;
};

// Pauses double up to this number of teams. On a busy machine one team in 257 is tried, so that an
// idle machine has its teams back after at most as many queries.
constexpr int kLongestPause = 256;

}  // namespace

TeamRun::TeamRun(const std::function<void(const TeamMember&)>& task, int size)
    : task_(task), size_(size), barrier_(size), others_(size - 1) {}

void TeamRun::run_member(int index) noexcept {
  try {
    task_(RunMember(index, size_, barrier_));
  } catch (const SpinBarrier::Abandoned&) {  // another member has thrown
  } catch (...) {
    if (!failed_.exchange(true)) {
      error_ = std::current_exception();
    }
    barrier_.abandon();
  }
  if (index > 0) {
    others_.fetch_sub(1, std::memory_order_release);  // the caller may now destroy this object
  }
}

void TeamRun::wait_for_others() const {
  spin_until([this] { return others_.load(std::memory_order_acquire) == 0; });
}

void TeamRun::rethrow() const {
  if (error_ != nullptr) {
    std::rethrow_exception(error_);
  }
}

bool TeamPauses::decline() {
  if (left_ == 0) {
    return false;
  }
  --left_;
  return true;
}

void TeamPauses::ended(bool gave_way) {
  last_ = gave_way ? std::min(2 * last_, kLongestPause) : 1;
  if (gave_way) {
    left_ = last_;
  }
}

}  // namespace fastintent
