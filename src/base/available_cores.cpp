#include "base/available_cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

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

}  // namespace fastintent
