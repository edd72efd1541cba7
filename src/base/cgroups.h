#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fastintent {

/// The folders with the limits of `controller` ("cpu", "memory") for this process: those of its
/// control group, of the groups around it and of the root of the hierarchy, of cgroup v1 and v2, as
/// far as they may exist. The lowest limit of all of them counts. `root` is the file system's root,
/// for tests.
std::vector<std::filesystem::path> cgroup_folders(const std::filesystem::path& root,
                                                  const std::string& controller);

}  // namespace fastintent
