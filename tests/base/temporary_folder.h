#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/scratch_folder.h"

namespace fastintent {

/// A scratch folder with the operations that tests need.
class TemporaryFolder : public ScratchFolder {
 public:
  TemporaryFolder() {}  // not defaulted: a const member may be one without an initializer (clang)

  std::filesystem::path operator/(std::string_view name) const { return path() / name; }

  /// A file of that name with these bytes.
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return path() / name;
  }
};

inline std::string read_whole(const std::filesystem::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace fastintent
