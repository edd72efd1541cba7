#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "fastintent/trainer.h"

namespace fastintent::cli {

/// The values of an epoch's report that the curves show.
struct EpochFigures {
  struct Validation {
    double accuracy = 0;
    double macro_f1 = 0;
    double loss = 0;
  };

  double training_loss = 0;
  double examples_per_second = 0;
  std::optional<Validation> validation;
};

/// Steps and epochs of one fit by their numbers, from 1.
struct FitHistory {
  std::map<int64_t, StepReport> steps;
  std::map<int, EpochFigures> epochs;
};

/// The course of a training run: its reports and, where it was resumed, the earlier part from the
/// log. One thread at a time.
class TrainingHistory {
 public:
  /// Reads the training log of the earlier part of this run; nothing when `file` is no ordinary
  /// file. Of repeated events the last counts, including those added later.
  void read_log(const std::filesystem::path& file);
  void add(const StepReport& report);
  void add(const EpochReport& report);

  const FitHistory& search() const { return search_; }  ///< the fit that found the best epoch
  const FitHistory& refit() const { return refit_; }    ///< the one on all rows, if there was one
  /// Lines of the log that are not events, which a killed run may leave.
  int64_t unreadable_lines() const { return unreadable_lines_; }

 private:
  FitHistory search_;
  FitHistory refit_;
  int64_t unreadable_lines_ = 0;
};

}  // namespace fastintent::cli
