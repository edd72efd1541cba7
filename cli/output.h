#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_writer.h"

namespace fastintent::cli {

/// The destination of a command's data: standard output, or a file that gets its name only when it
/// is complete and on disk; see FileWriter. Anything but an ordinary file (/dev/null, a named pipe)
/// is written in place.
///
/// Throws cannot_create when the file cannot be made and io_error, with the reason of the operating
/// system, when writing fails; ReaderGone when the reader of a pipe has closed it: the program then
/// ends quietly and successfully. One thread at a time.
class Output {
 public:
  using Unfinished = FileWriter::Unfinished;

  /// Empty or "-": standard output. Throws cannot_create, too, when another process is writing the
  /// same file.
  explicit Output(const std::string& file = {}, Unfinished unfinished = Unfinished::removed);

  /// The path of an unfinished file to be kept; empty for standard output and for files written in
  /// place.
  static std::filesystem::path partial_name(const std::string& file);

  void clear() { file_.clear(); }     ///< drops the part of a kept file that an earlier Output left
  void write(std::string_view text);  ///< buffered
  void flush();
  void finish();  ///< flushes and renames a file; call once, last

 private:
  FileWriter file_;
  std::string buffer_;
};

}  // namespace fastintent::cli
