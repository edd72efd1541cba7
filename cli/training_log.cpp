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
  write(JsonObject()
            .text("event", "step")
            .boolean("refitting", report.refitting)
            .number("step", report.step)
            .number("total_steps", report.total_steps)
            .number("epoch", report.epoch)
            .number("loss", report.loss)
            .number("learning_rate", report.learning_rate)
            .number("gradient_norm", report.gradient_norm)
            .number("examples_per_second", report.examples_per_second)
            .line());
}

void TrainingLog::write_epoch(const EpochReport& report) {
  JsonObject event;
  event.text("event", "epoch")
      .boolean("refitting", report.refitting)
      .number("epoch", report.epoch)
      .number("step", report.step)
      .number("training_loss", report.training_loss)
      .number("examples_per_second", report.examples_per_second);
  if (report.validation) {
    event.number("accuracy", report.validation->accuracy)
        .number("macro_f1", report.validation->macro_f1)
        .number("loss", report.validation->loss)
        .boolean("best", report.best);
  }
  write(event.line());
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
