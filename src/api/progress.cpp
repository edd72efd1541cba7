#include "api/progress.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

void Progress::add(int64_t texts) {
  done_ += texts;
  tell();
}

void Progress::wait_for(const PendingRankings& pending) {
  if (!options_.on_progress) {
    return;  // no progress wanted: PendingRankings::get() waits
  }
  while (!pending.wait_for(kInterval)) {
    tell();
  }
}

void Progress::tell_the_end() const {
  if (options_.on_progress) {
    options_.on_progress(done_, total_);
  }
}

void Progress::tell() {
  if (!options_.on_progress) {
    return;
  }
  const auto now = Clock::now();
  if (now - told_ < kInterval) {
    return;
  }
  told_ = now;
  if (!options_.on_progress(done_, total_)) {
    throw Error(ErrorCode::interrupted,
                fmt::format("predict: stopped by the caller after {} texts", done_));
  }
}

}  // namespace fastintent
