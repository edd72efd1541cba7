#include "base/available_cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

#include "base/cgroups.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// The quota as a number of cores; `text` is "quota period" in microseconds, and anything else in
// place of a positive quota ("max", -1) means no limit.
double cores_of(std::istream&& text) {
  double quota = 0;
  double period = 0;
  return text >> quota >> period && quota > 0 && period > 0 ? quota / period : kNoLimit;
}

// cgroup v2
double unified_limit(const fs::path& group) {
  return cores_of(std::ifstream(group / "cpu.max"));
}

// cgroup v1
double legacy_limit(const fs::path& group) {
  std::string quota;
  std::string period;
  std::ifstream(group / "cpu.cfs_quota_us") >> quota;
  std::ifstream(group / "cpu.cfs_period_us") >> period;
  return cores_of(std::istringstream(quota + " " + period));
}

double cgroup_limit(const fs::path& root) {
  double lowest = kNoLimit;
  for (const fs::path& group : cgroup_folders(root, "cpu")) {
    lowest = std::min({lowest, unified_limit(group), legacy_limit(group)});
  }
  return lowest;
}

}  // namespace

int available_cores(const fs::path& root) {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  const bool known = sched_getaffinity(0, sizeof(affinity), &affinity) == 0;
  const int cores = std::max(
      1, known ? CPU_COUNT(&affinity) : static_cast<int>(std::thread::hardware_concurrency()));
  const double limit = std::max(1.0, std::ceil(cgroup_limit(root)));
  return limit < cores ? static_cast<int>(limit) : cores;
}

}  // namespace fastintent
