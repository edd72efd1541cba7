#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/file_descriptor.h"
#include "fastintent/trainer.h"

namespace fastintent::cli {

/// Writes the steps and epochs of a training run as JSON lines; docs/command_line.md describes the
/// fields. The file is opened at the first event, so that a refused run does not touch an old log.
/// One thread at a time.
class TrainingLog {
 public:
  /// `append` continues the file, for a resumed run; else the file is overwritten. `follows_links`:
  /// for a file that the user named.
  TrainingLog(std::filesystem::path file, bool append, bool follows_links);

  /// Throw cannot_create when the file cannot be opened.
  void write_step(const StepReport& report);
  void write_epoch(const EpochReport& report);

  /// A full disk does not end the training: later events are dropped, and this returns true.
  bool failed() const { return failed_; }

 private:
  void write(const std::string& line);

  std::filesystem::path file_;
  bool append_;
  bool follows_links_;
  bool failed_ = false;
  std::unique_ptr<FileDescriptor> opened_;
};

}  // namespace fastintent::cli
