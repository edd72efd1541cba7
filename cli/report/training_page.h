#pragma once

#include <string>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/trainer.h"
#include "report/training_history.h"

namespace fastintent::cli {

/// The sources of a run's rows.
struct TrainingFiles {
  std::string training;
  std::string validation;  ///< empty: rows held out of `training`
  std::string log;
};

/// The page of a finished run: curves, settings, and the measures of its best epoch in the form of
/// the page of `evaluate`. `validation` is null when rows of `training` were held out.
std::string training_page(const TrainingFiles& files,
                          const TrainingReport& report,
                          const TrainingHistory& history,
                          const LabelledTexts& training,
                          const LabelledTexts* validation);

}  // namespace fastintent::cli
