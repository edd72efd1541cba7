#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "fastintent/dataset.h"
#include "fastintent/trainer.h"

namespace fastintent::cli {

/// The parsed options of `fastintent train`.
struct TrainOptions {
  std::string model;
  std::string train;
  std::string validation;
  std::string output;
  std::string log;     ///< empty: beside the output
  std::string report;  ///< empty: none
  DatasetOptions dataset;
  TrainingOptions training;
};

/// Adds the flags and the help of `train`. `options` must outlive `command`.
void add_train_options(CLI::App& command, TrainOptions& options);

}  // namespace fastintent::cli
