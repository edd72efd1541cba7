#include "data/row_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/available_memory.h"

namespace fastintent {
namespace {

// Rows of less are read unchecked: no machine lacks it, and a few rows do not show the size of the
// others.
constexpr int64_t kFirstCheck = int64_t{8} << 20;

// Of a row in addition to its strings: its place in the index that finds repeated texts.
constexpr int64_t kIndexBytes = 40;

int64_t bytes_of(const std::string& text) {
  constexpr size_t kInside = 15;           // bytes that a string holds without an allocation
  constexpr int64_t kAllocation = 1 + 16;  // the zero at the end, and what malloc adds
  const auto size = static_cast<int64_t>(text.size());
  return static_cast<int64_t>(sizeof(std::string)) +
         (text.size() > kInside ? size + kAllocation : 0);
}

// 0 for a pipe.
int64_t size_of(std::istream& file) {
  const auto begin = file.tellg();
  if (begin < 0) {
    return 0;
  }
  file.seekg(0, std::ios::end);
  const auto size = static_cast<int64_t>(file.tellg());
  file.clear();
  file.seekg(begin);
  return std::max<int64_t>(size, 0);
}

}  // namespace

RowMemory::RowMemory(std::istream& file, std::string name)
    : file_(file), name_(std::move(name)), file_bytes_(size_of(file)), next_check_(kFirstCheck) {}

void RowMemory::add(const std::string& text, const std::string& label) {
  ++rows_;
  held_ += bytes_of(text) + bytes_of(label) + kIndexBytes;
  if (held_ >= next_check_) {
    check();
    next_check_ = 2 * held_;
  }
}

void RowMemory::check() const {
  const auto read = static_cast<double>(file_.tellg());  // below 0 at the end of the file
  const bool is_known = file_bytes_ > 0 && read > 0;
  const double share = is_known ? std::min(1.0, read / static_cast<double>(file_bytes_)) : 0.5;
  const auto held = static_cast<double>(held_);
  const double more = read < 0 && file_bytes_ > 0 ? 0 : held / share - held;
  const double rows = static_cast<double>(rows_) / (is_known ? share : 1.0);
  require_memory("read data",
                 {fmt::format("{} {:.0f}", is_known ? "about" : "more than", rows), more, held},
                 name_);
}

}  // namespace fastintent
