#include "base/available_memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "base/cgroups.h"
#include "fastintent/error.h"

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

int64_t free_in_cgroups(const fs::path& root) {
  int64_t least = kNoLimit;
  for (const fs::path& group : cgroup_folders(root, "memory")) {
    least = std::min({least, free_in_unified_group(group), free_in_legacy_group(group)});
  }
  return least;
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

void require_memory(std::string_view operation, const RowsToHold& rows, std::string_view file) {
  constexpr double kGigabyte = 1e9;
  const auto free = static_cast<double>(available_memory());
  if (rows.bytes <= free) {
    return;
  }
  throw Error(
      ErrorCode::out_of_resources,
      fmt::format("{}: expected rows that fit into memory, found {} rows that need {:.1f} GB "
                  "where {:.1f} GB are free; use fewer rows{}",
                  operation,
                  rows.count,
                  (rows.held + rows.bytes) / kGigabyte,
                  (rows.held + free) / kGigabyte,
                  file.empty() ? "" : fmt::format(" ({})", file)));
}

}  // namespace fastintent
