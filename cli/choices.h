#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/options.h"
#include "fastintent/trainer.h"
#include "fastintent/training_fields.h"

namespace fastintent::cli {

/// The names that a flag accepts for the values of an enum; the first is shown first.
template <typename T>
using Choices = std::vector<std::pair<std::string, T>>;

extern const Choices<FileFormat> kFormats;
extern const Choices<Quoting> kQuotings;
extern const Choices<HeadPooling> kPoolings;
extern const Choices<Precision> kPrecisions;
extern const Choices<Precision> kTrainingPrecisions;
extern const Choices<Precision> kPackedPrecisions;  // of a prepared folder

/// The name that a flag accepts for `value`.
template <typename T>
std::string choice_name(const Choices<T>& choices, T value) {
  for (const auto& [name, choice] : choices) {
    if (choice == value) {
      return name;
    }
  }
  return {};
}

/// A flag that accepts one of the names of `choices`; the current `value` is the default.
template <typename T>
CLI::Option* add_choice(CLI::App& command,
                        const std::string& flag,
                        T& value,
                        const Choices<T>& choices,
                        const std::string& description) {
  std::string names;
  for (const auto& [name, choice] : choices) {
    names += (names.empty() ? "" : "|") + name;
  }
  const auto choose = [&value, &choices, flag, names](const std::string& found) {
    for (const auto& [name, choice] : choices) {
      if (name == found) {
        value = choice;
        return;
      }
    }
    throw CLI::ValidationError(flag, "expected " + names + ", found " + found);
  };
  return command.add_option_function<std::string>(flag, choose, description)
      ->type_name(names)
      ->default_str(choice_name(choices, value));
}

/// "batch-size" of the field batch_size: the flag of `fastintent train` without its "--".
std::string flag_name(const TrainingField& field);

/// Checks that a number is from `smallest` to `largest`; unlike CLI11's own ranges, rejects not a
/// number (nan).
CLI::Validator between(double smallest, double largest);

/// `between` with no upper end.
CLI::Validator at_least(double smallest);

/// --report, a file for the HTML page of the command.
void add_report_option(CLI::App& command, std::string& file);

/// --device and --threads, in the group "Running"; `device` is automatic until another is named.
void add_worker_options(CLI::App& command, Device& device, std::optional<int>& gpu, int& threads);

}  // namespace fastintent::cli
