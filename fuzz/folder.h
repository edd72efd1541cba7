#pragma once

#include <stdlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "fastintent/error.h"

namespace fastintent::fuzz {

/// Stops the process, which libFuzzer reports as a finding with the input that led to it.
inline void require(bool holds) {
  if (!holds) {
    __builtin_trap();
  }
}

/// Calls `call`, which may refuse the input with an Error; any other exception is a finding.
template <class Call>
void attempt(Call call) {
  try {
    call();
  } catch (const Error&) {
    // expected for bad input
  }
}

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A folder for the files that a target reads by their names; removed at the end.
class Folder {
 public:
  Folder() {
    // Memory, where there is such a place: a target writes a file for each of its inputs.
    const std::filesystem::path memory = "/dev/shm";
    const auto parent =
        std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = parent / "fastintent_fuzz_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void write(std::string_view name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

  /// Writes the parts of `input` between zero bytes as the files `names`, in their order. A part
  /// that is empty or lacking is a file that is absent.
  template <size_t count>
  void write_parts(std::string_view input, const std::array<std::string_view, count>& names) const {
    for (const std::string_view name : names) {
      const size_t end = std::min(input.find('\0'), input.size());
      if (end == 0) {
        std::filesystem::remove(path_ / name);
      } else {
        write(name, input.substr(0, end));
      }
      input.remove_prefix(std::min(end + 1, input.size()));
    }
  }

 private:
  std::filesystem::path path_;
};

}  // namespace fastintent::fuzz
