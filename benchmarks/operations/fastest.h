#pragma once

#include <algorithm>
#include <ctime>

namespace fastintent::benchmarks {

/// Processor time of this thread: other programs on the machine affect it little.
inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds of the fastest of enough repetitions to fill a tenth of a second, ten at least:
/// disturbances of a measurement only add time.
template <class Run>
double seconds_of(const Run& run) {
  run();
  double best = 1e9;
  const double begin = thread_seconds();
  for (int count = 0; count < 10 || thread_seconds() - begin < 0.1; ++count) {
    const double start = thread_seconds();
    run();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

}  // namespace fastintent::benchmarks
