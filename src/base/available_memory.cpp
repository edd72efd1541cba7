#include "base/available_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace fastintent {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// The number that follows `key` in a file of keys and numbers; `otherwise` when there is none.
int64_t number_after(const fs::path& file, const std::string& key, int64_t otherwise) {
  std::ifstream words(file);
  for (std::string word; words >> word;) {
    int64_t number = 0;
    if (word == key && words >> number) {
      return number;
    }
  }
  return otherwise;
}

// The number that a file consists of; none for "max" and for a file that is not there.
int64_t number_in(const fs::path& file) {
  int64_t number = kNoLimit;
  return std::ifstream(file) >> number ? number : kNoLimit;
}

int64_t free_on_machine(const fs::path& root) {
  constexpr int64_t kKibibyte = 1024;
  const fs::path file = root / "proc/meminfo";
  const int64_t kibibytes = number_after(file, "MemAvailable:", -1);
  return kibibytes < 0 ? kNoLimit : (kibibytes + number_after(file, "SwapFree:", 0)) * kKibibyte;
}

// What a group may use more than it uses. Pages of files count as used, but are freed on demand.
int64_t free_in_group(int64_t limit, int64_t used, int64_t pages_of_files) {
  if (limit == kNoLimit || used == kNoLimit) {
    return kNoLimit;
  }
  return std::max<int64_t>(0, limit - std::max<int64_t>(0, used - pages_of_files));
}

int64_t free_in_unified_group(const fs::path& group) {
  return free_in_group(number_in(group / "memory.max"),
                       number_in(group / "memory.current"),
                       number_after(group / "memory.stat", "file", 0));
}

int64_t free_in_legacy_group(const fs::path& group) {
  return free_in_group(number_in(group / "memory.limit_in_bytes"),
                       number_in(group / "memory.usage_in_bytes"),
                       number_after(group / "memory.stat", "total_cache", 0));
}

// The least of `group` and the groups around it. The root of the hierarchy counts, too: within a
// container it is the container's own group.
template <typename Free>
int64_t least_free(const fs::path& hierarchy, const fs::path& group, Free free) {
  int64_t least = free(hierarchy);
  fs::path folder = hierarchy;
  for (const fs::path& part : group.relative_path()) {
    folder /= part;
    least = std::min(least, free(folder));
  }
  return least;
}

int64_t free_in_cgroups(const fs::path& root) {
  // Each line is "number:controllers:group"; the unified hierarchy of v2 has no controllers.
  std::string unified;
  std::string legacy;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t colon = line.find(':');
    if (line.compare(0, 3, "0::") == 0) {
      unified = line.substr(3);
    } else if (colon != std::string::npos && line.compare(colon, 8, ":memory:") == 0) {
      legacy = line.substr(colon + 8);
    }
  }
  const fs::path mounts = root / "sys/fs/cgroup";
  return std::min(least_free(mounts, unified, free_in_unified_group),
                  least_free(mounts / "memory", legacy, free_in_legacy_group));
}

int64_t free_in_process(const fs::path& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return kNoLimit;
  }
  int64_t pages = 0;
  std::ifstream(root / "proc/self/statm") >> pages;
  const auto most = static_cast<int64_t>(
      std::min(limit.rlim_cur, static_cast<rlim_t>(std::numeric_limits<int64_t>::max())));
  return std::max<int64_t>(0, most - pages * sysconf(_SC_PAGESIZE));
}

}  // namespace

int64_t available_memory(const fs::path& root) {
  return std::min({free_on_machine(root), free_in_cgroups(root), free_in_process(root)});
}

}  // namespace fastintent
