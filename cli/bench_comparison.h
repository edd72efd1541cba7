#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "classifier_options.h"
#include "fastintent/dataset.h"
#include "fastintent/reports.h"

namespace fastintent::cli {

/// How fast one device trains in one precision.
struct TrainingSpeed {
  std::string device;
  Precision precision = Precision::fp32;
  double examples_per_second = 0;  ///< of the step with the median speed
};

/// The processor in fp32 first; a GPU last.
struct BenchComparison {
  std::vector<PerformanceReport> prediction;
  std::vector<TrainingSpeed> training;  ///< empty: not measured
};

/// Measures `samples` (empty: fastintent's own) on the processor and on the GPUs, where there are
/// any, in every precision they have. Lines on standard error report the progress.
std::vector<PerformanceReport> compare_prediction(const ModelOptions& options,
                                                  std::span<const std::string> samples,
                                                  int iterations);

/// The same for `steps` of training of the model on `rows`. The model is not changed.
std::vector<TrainingSpeed> compare_training(const ModelOptions& options,
                                            const LabelledTexts& rows,
                                            int steps);

std::string comparison_table(const BenchComparison& comparison);
void write_json(JsonWriter& out, const BenchComparison& comparison);

}  // namespace fastintent::cli
