#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fastintent {

/// Bytes of memory that this process can still use: what the machine has free, swap included, cut
/// down to what the memory limits of its cgroup and the groups around it (v1 and v2) and of the
/// process itself (RLIMIT_AS) leave. A number that is not known is no limit. `root` is the file
/// system's root, for tests.
int64_t available_memory(const std::filesystem::path& root = "/");

/// Rows of data that are about to be held in memory.
struct RowsToHold {
  std::string count;  // as a message has it: "about 3000"
  double bytes = 0;   // that they need in addition to `held`
  double held = 0;    // bytes of theirs that are in memory already
};

/// Throws out_of_resources, with both numbers, when `rows` do not fit into available_memory(). The
/// message begins with `operation` and ends with `file`, unless that is empty.
void require_memory(std::string_view operation, const RowsToHold& rows, std::string_view file = {});

}  // namespace fastintent
