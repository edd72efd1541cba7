#include "run_reports.h"

#include <fmt/format.h>

#include "evaluation_report.h"

namespace fastintent::cli {
namespace {

std::string epoch_line(const EpochReport& report) {
  std::string line = fmt::format("epoch {}: training loss {:.4f}, {:.0f} examples/s",
                                 report.epoch,
                                 report.training_loss,
                                 report.examples_per_second);
  if (report.validation) {
    line += "; validation " + figures_line(*report.validation) + (report.best ? " (best)" : "");
  }
  return line;
}

}  // namespace

std::string figures_line(const Evaluation& evaluation) {
  return fmt::format("accuracy {}, macro F1 {}, loss {:.4f}",
                     percent(evaluation.accuracy),
                     percent(evaluation.macro_f1),
                     evaluation.loss);
}

TrainingCallbacks report_to(RunReports& reports) {
  TrainingCallbacks callbacks;
  callbacks.on_step = [&reports](const StepReport& report) {
    reports.begun = true;
    reports.log.write_step(report);
    if (reports.page) {
      reports.history.add(report);
    }
    reports.progress.update(report);
  };
  callbacks.on_epoch = [&reports](const EpochReport& report) {
    reports.log.write_epoch(report);
    if (reports.page) {
      reports.history.add(report);
    }
    reports.progress.print_line(epoch_line(report));
  };
  callbacks.on_message = [&reports](const std::string& message) {
    reports.progress.print_line(message);
  };
  return callbacks;
}

}  // namespace fastintent::cli
