#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// Thrown when whoever reads standard output has closed it, as `head` does when it has enough: the
/// program then ends quietly and successfully.
struct ReaderGone {};

/// Where a command's data goes: standard output, or a file that gets its name only when it is whole
/// and on disk. What is not an ordinary file (/dev/null, a named pipe) is written in place.
///
/// Throws cannot_create when the file cannot be made and io_error, with the reason of the operating
/// system, when writing fails. One thread at a time.
class Output {
 public:
  /// Empty or "-": standard output.
  explicit Output(const std::string& file = {});
  /// Without finish(), removes what was written of a file.
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);  ///< buffered
  void flush();
  void finish();  ///< flushes and gives a file its name; call once, last

 private:
  void open_in_place();
  void open_beside();
  [[noreturn]] void fail_writing() const;

  int descriptor_;
  std::string name_;               ///< for messages
  std::filesystem::path file_;     ///< empty for standard output
  std::filesystem::path partial_;  ///< empty when written in place
  std::string buffer_;
};

}  // namespace fastintent::cli
