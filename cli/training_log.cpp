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
  JsonWriter out = line_writer();
  out.begin_object();
  out.member("event", "step");
  out.member("refitting", report.refitting);
  out.member("step", report.step);
  out.member("total_steps", report.total_steps);
  out.member("epoch", report.epoch);
  out.member("loss", report.loss);
  out.member("learning_rate", report.learning_rate);
  out.member("gradient_norm", report.gradient_norm);
  out.member("examples_per_second", report.examples_per_second);
  out.end_object();
  write(out.text());
}

void TrainingLog::write_epoch(const EpochReport& report) {
  JsonWriter out = line_writer();
  out.begin_object();
  out.member("event", "epoch");
  out.member("refitting", report.refitting);
  out.member("epoch", report.epoch);
  out.member("step", report.step);
  out.member("training_loss", report.training_loss);
  out.member("examples_per_second", report.examples_per_second);
  if (report.validation) {
    out.member("accuracy", report.validation->accuracy);
    out.member("macro_f1", report.validation->macro_f1);
    out.member("loss", report.validation->loss);
    out.member("best", report.best);
  }
  out.end_object();
  write(out.text());
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
