#include "base/available_cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

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

// The lowest limit of `group` and the groups around it, up to the root of the hierarchy. The root
// counts, too: within a container it is the container's own group, under whatever name the host
// knows it.
template <class Limit>
double lowest_limit(const fs::path& hierarchy, const std::string& group, Limit limit) {
  double lowest = limit(hierarchy);
  fs::path folder = hierarchy;
  for (const fs::path& part : fs::path(group).relative_path()) {
    if (part == "..") {
      return lowest;  // outside of the visible part of the hierarchy
    }
    folder /= part;
    lowest = std::min(lowest, limit(folder));
  }
  return lowest;
}

bool has_controller(const std::string& controllers, const char* name) {
  std::istringstream list(controllers);
  for (std::string each; std::getline(list, each, ',');) {
    if (each == name) {
      return true;
    }
  }
  return false;
}

double cgroup_limit(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  // Each line is "number:controllers:group"; the unified hierarchy of v2 has no controllers.
  std::string unified_group;
  std::string legacy_group;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) {
      unified_group = line.substr(second + 1);
    } else if (has_controller(controllers, "cpu")) {
      legacy_group = line.substr(second + 1);
    }
  }
  // systemd mounts the controllers of v1 under these names, and v2 beside them as "unified".
  return std::min({lowest_limit(mounts, unified_group, unified_limit),
                   lowest_limit(mounts / "unified", unified_group, unified_limit),
                   lowest_limit(mounts / "cpu", legacy_group, legacy_limit),
                   lowest_limit(mounts / "cpu,cpuacct", legacy_group, legacy_limit)});
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
