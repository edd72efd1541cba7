#include "predict/pending_rankings.h"

#include <numeric>
#include <utility>

#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr const char* kPending = "predictions in flight";

}  // namespace

RankingJob::RankingJob(TokenizedTexts tokens, Rankings empty, Schedule schedule)
    : texts(std::move(tokens)),
      rankings(std::move(empty)),
      deadline_(schedule.deadline),
      on_done_(std::move(schedule.on_done)) {}

int64_t RankingJob::tokens_of(SequenceRange range) const {
  const auto first = texts.lengths.begin();
  return std::accumulate(first + range.begin, first + range.end, int64_t{0});
}

void RankingJob::require_time() const {
  if (deadline_ && std::chrono::steady_clock::now() >= *deadline_) {
    throw Error(ErrorCode::deadline_exceeded,
                "predict: expected a free worker before the deadline, found none");
  }
}

void RankingJob::finish_range(std::exception_ptr error) {
  std::function<void()> on_done;
  {
    const std::lock_guard lock(mutex_);
    if (error != nullptr && error_ == nullptr) {
      error_ = std::move(error);
      cancelled_ = true;
    }
    if (--ranges_left_ > 0) {
      return;
    }
    done_.notify_all();
    on_done = std::exchange(on_done_, nullptr);
  }
  if (on_done) {
    on_done();
  }
}

bool RankingJob::wait_for(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return done_.wait_for(lock, timeout, [this] { return ranges_left_ == 0; });
}

Rankings RankingJob::take() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return ranges_left_ == 0; });
  // Takes ownership, so that a worker releasing the job later does not destroy the exception.
  if (error_ != nullptr) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
  return std::move(rankings);
}

PendingRankings::PendingRankings(std::shared_ptr<RankingJob> job) : job_(std::move(job)) {}
PendingRankings::PendingRankings(PendingRankings&&) noexcept = default;

PendingRankings& PendingRankings::operator=(PendingRankings&& other) noexcept {
  std::swap(job_, other.job_);
  return *this;
}

PendingRankings::~PendingRankings() {
  if (job_ != nullptr) {
    job_->cancel();
  }
}

bool PendingRankings::wait_for(std::chrono::milliseconds timeout) const {
  job_->home.require(kPending);
  return job_->wait_for(timeout);
}

Rankings PendingRankings::get() {
  job_->home.require(kPending);
  return job_->take();
}

}  // namespace fastintent
