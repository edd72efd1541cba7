#include "training_log.h"

#include <fmt/format.h>

#include <utility>

#include "fastintent/error.h"
#include "json.h"

namespace fastintent::cli {

TrainingLog::TrainingLog(std::filesystem::path file, bool append)
    : file_(std::move(file)), append_(append) {}

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
  if (!stream_.is_open()) {
    stream_.open(file_, std::ios::binary | (append_ ? std::ios::app : std::ios::trunc));
    if (!stream_) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("train: expected to write the log {}, found that it cannot be opened",
                              file_.string()));
    }
  }
  stream_ << line << '\n' << std::flush;  // a line at once, for readers that follow the file
  failed_ = !stream_;
}

}  // namespace fastintent::cli
