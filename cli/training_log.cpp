#include "training_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

#include "base/file_writer.h"
#include "fastintent/error.h"
#include "json.h"

namespace fastintent::cli {

TrainingLog::TrainingLog(std::filesystem::path file, bool append, bool follows_links)
    : file_(std::move(file)), append_(append), follows_links_(follows_links) {}

void TrainingLog::write_step(const StepReport& report) {
  write(fmt::format(
      R"({{"event":"step","refitting":{},"step":{},"total_steps":{},"epoch":{},"loss":{},)"
      R"("learning_rate":{},"gradient_norm":{},"examples_per_second":{}}})",
      report.refitting,
      report.step,
      report.total_steps,
      json_number(report.epoch),
      json_number(report.loss),
      json_number(report.learning_rate),
      json_number(report.gradient_norm),
      json_number(report.examples_per_second)));
}

void TrainingLog::write_epoch(const EpochReport& report) {
  std::string line =
      fmt::format(R"({{"event":"epoch","refitting":{},"epoch":{},"step":{},"training_loss":{},)"
                  R"("examples_per_second":{})",
                  report.refitting,
                  report.epoch,
                  report.step,
                  json_number(report.training_loss),
                  json_number(report.examples_per_second));
  if (report.validation) {
    line += fmt::format(R"(,"accuracy":{},"macro_f1":{},"loss":{},"best":{})",
                        json_number(report.validation->accuracy),
                        json_number(report.validation->macro_f1),
                        json_number(report.validation->loss),
                        report.best);
  }
  write(line + "}");
}

void TrainingLog::write(const std::string& line) {
  if (failed_) {
    return;
  }
  if (!opened_) {
    constexpr mode_t kMode = 0666;  // and the umask
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append_ ? O_APPEND : O_TRUNC) |
                      (follows_links_ ? 0 : O_NOFOLLOW);
    opened_ = std::make_unique<FileDescriptor>(::open(file_.c_str(), flags, kMode));
    if (!opened_->valid()) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("train: expected to write the log {}, found: {}",
                              file_.string(),
                              last_system_error()));
    }
  }
  try {
    FileWriter(opened_->get(), file_.string()).write(line + "\n");  // for readers that follow it
  } catch (const Error&) {
    failed_ = true;
  }
}

}  // namespace fastintent::cli
