#pragma once

#include <filesystem>

namespace fastintent {

/// Cores this process may use: its CPU affinity, cut down to the lowest CPU quota of its cgroup and
/// the groups around it (v1 and v2), rounded up: a container with `--cpus 2` on a large machine has
/// two. `root` is the file system's root, for tests.
int available_cores(const std::filesystem::path& root = "/");

}  // namespace fastintent
