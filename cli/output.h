#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// Thrown when the reader of standard output has closed it, as `head` does when it has enough: the
/// program then ends quietly and successfully.
struct ReaderGone {};

/// The destination of a command's data: standard output, or a file that gets its name only when it
/// is complete and on disk. Anything but an ordinary file (/dev/null, a named pipe) is written in
/// place.
///
/// Throws cannot_create when the file cannot be made and io_error, with the reason of the operating
/// system, when writing fails. One thread at a time.
class Output {
 public:
  /// What to do with an unfinished file.
  enum class Unfinished {
    removed,
    kept,  ///< under partial_name(), where a later Output appends to it
  };

  /// Empty or "-": standard output. Throws cannot_create, too, when another process is writing the
  /// same file to be kept.
  explicit Output(const std::string& file = {}, Unfinished unfinished = Unfinished::removed);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// The path of an unfinished file to be kept; empty for standard output and for files written in
  /// place.
  static std::filesystem::path partial_name(const std::string& file);

  void clear();                       ///< drops the part of a kept file that an earlier Output left
  void write(std::string_view text);  ///< buffered
  void flush();
  void finish();  ///< flushes and renames a file; call once, last

 private:
  void open_in_place();
  void open_beside();
  void open_to_keep();
  void keep_mode() const;  ///< of the file that will be replaced
  [[noreturn]] void fail_writing() const;

  int descriptor_;
  std::string name_;               ///< for messages
  std::filesystem::path file_;     ///< empty for standard output
  std::filesystem::path partial_;  ///< empty when written in place
  Unfinished unfinished_;
  std::string buffer_;
};

}  // namespace fastintent::cli
