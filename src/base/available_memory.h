#pragma once

#include <cstdint>
#include <filesystem>

namespace fastintent {

/// Bytes of memory that this process can still use: what the machine has free, swap included, cut
/// down to what the memory limits of its cgroup and the groups around it (v1 and v2) and of the
/// process itself (RLIMIT_AS) leave. A number that is not known is no limit. `root` is the file
/// system's root, for tests.
int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace fastintent
