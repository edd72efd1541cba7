#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace fastintent {

/// Watches the memory of the rows that are read from a file into one list, so that a file that is
/// too large is refused after its first rows, not by the kernel after its last.
class RowMemory {
 public:
  /// `name` names the file in messages. `file` must outlive this.
  RowMemory(std::istream& file, std::string name);

  /// Counts a row; `label` is empty where there are none. Throws out_of_resources when the rest of
  /// the file, by its size and by the rows so far, does not fit into the memory that is free; of what
  /// has no size, such as a pipe, when as much again does not.
  void add(const std::string& text, const std::string& label);

 private:
  void check() const;

  std::istream& file_;
  std::string name_;
  int64_t file_bytes_;  // 0: not known
  int64_t rows_ = 0;
  int64_t held_ = 0;  // bytes of memory
  int64_t next_check_;
};

}  // namespace fastintent
