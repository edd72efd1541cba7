#pragma once

#include <optional>
#include <string>

#include "fastintent/evaluation.h"
#include "fastintent/trainer.h"
#include "output.h"
#include "progress_bar.h"
#include "report/training_history.h"
#include "training_log.h"

namespace fastintent::cli {

/// The log, page and bar that show the course of a training run. One thread at a time.
struct RunReports {
  TrainingLog log;
  std::optional<Output> page = {};
  TrainingHistory history = {};  ///< for the page
  ProgressBar progress = {};
  bool begun = false;  ///< a step was made
};

/// Callbacks that write every step and epoch to `reports`, which must outlive them.
TrainingCallbacks report_to(RunReports& reports);

/// "accuracy 93.25 %, macro F1 93.10 %, loss 0.2514"
std::string figures_line(const Evaluation& evaluation);

}  // namespace fastintent::cli
