#include "base/cgroups.h"

#include <fstream>
#include <sstream>

namespace fastintent {
namespace {

namespace fs = std::filesystem;

bool has_controller(const std::string& controllers, const std::string& name) {
  std::istringstream list(controllers);
  for (std::string each; std::getline(list, each, ',');) {
    if (each == name) {
      return true;
    }
  }
  return false;
}

// Adds the folders from the root of the hierarchy to `group`. The root counts, too: within a
// container it is the container's own group, under whatever name the host knows it.
void add_folders(const fs::path& hierarchy, const std::string& group, std::vector<fs::path>& all) {
  fs::path folder = hierarchy;
  all.push_back(folder);
  for (const fs::path& part : fs::path(group).relative_path()) {
    if (part == "..") {
      return;  // outside of the visible part of the hierarchy
    }
    folder /= part;
    all.push_back(folder);
  }
}

}  // namespace

std::vector<fs::path> cgroup_folders(const fs::path& root, const std::string& controller) {
  // Each line is "number:controllers:group"; the unified hierarchy of v2 has no controllers.
  std::string unified;
  std::string legacy;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) {
      unified = line.substr(second + 1);
    } else if (has_controller(controllers, controller)) {
      legacy = line.substr(second + 1);
    }
  }
  // systemd mounts the controllers of v1 under their names, "cpu" also beside "cpuacct", and v2 next
  // to them as "unified".
  const fs::path mounts = root / "sys/fs/cgroup";
  std::vector<fs::path> folders;
  add_folders(mounts, unified, folders);
  add_folders(mounts / "unified", unified, folders);
  add_folders(mounts / controller, legacy, folders);
  add_folders(mounts / "cpu,cpuacct", legacy, folders);
  return folders;
}

}  // namespace fastintent
