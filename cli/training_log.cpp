#include "training_log.h"

#include <fmt/format.h>

#include <utility>

#include "fastintent/error.h"
#include "json.h"

namespace fastintent::cli {

TrainingLog::TrainingLog(std::filesystem::path file, bool append)
    : file_(std::move(file)), append_(append) {}

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
