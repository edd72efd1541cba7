#include "base/permissions.h"

#include <unistd.h>

#include <fstream>
#include <string>

namespace fastintent {
namespace {

// umask() can only be read by changing it, which would affect other threads' files for a moment;
// Linux also reports it here.
mode_t process_umask() {
  constexpr mode_t kOnlyOwner = 077;  // where the system does not report it: nobody else
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    unsigned mask = 0;
    if (key == "Umask:" && status >> std::oct >> mask) {
      return mask;
    }
  }
  return kOnlyOwner;
}

}  // namespace

mode_t new_file_mode() {
  return 0666 & ~process_umask();
}

mode_t new_folder_mode() {
  return 0777 & ~process_umask();
}

void keep_permissions(int descriptor, const struct stat& old) {
  mode_t mode = old.st_mode & (01777 | S_ISGID);
  const auto same_owner = static_cast<uid_t>(-1);
  if (::fchown(descriptor, old.st_uid, old.st_gid) != 0 &&
      ::fchown(descriptor, same_owner, old.st_gid) != 0) {
    mode &= ~static_cast<mode_t>(S_IRWXG | S_ISGID);
  }
  // Ignored: the file then keeps permissions that are no wider than those it grew with.
  [[maybe_unused]] const int result = ::fchmod(descriptor, mode);
}

bool is_shared_by_all(const std::filesystem::path& folder) {
  struct stat status{};
  return ::stat(folder.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

}  // namespace fastintent
