#include "train_options.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <type_traits>

#include "choices.h"
#include "fastintent/training_fields.h"
#include "input_options.h"

namespace fastintent::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  fastintent train --model all-MiniLM-L6-v2 --train messages.csv --output intents
  fastintent train --model all-MiniLM-L6-v2 --train messages.csv --validation held_out.csv \
                   --output intents --epochs 8 --pooling mean
  fastintent train --model intents --train more.csv --output intents --force
  fastintent train ... --resume      continues after Ctrl-C

The data are .csv or .tsv files with a header row, or .jsonl. Without --validation, a stratified
share of the rows is held out. Each epoch is evaluated and the best one is kept. Every step and epoch
is logged as a JSON line; --report draws them, with the measures of the best epoch. An existing model
is replaced only with --force, and only by a whole one; other files in the folder stay.)";

void add_data_options(CLI::App& command, TrainOptions& options) {
  command.add_option("--model", options.model, "Hugging Face folder or id to start from")
      ->type_name("MODEL")
      ->required();
  command.add_option("--train", options.train, "labelled texts to learn from")
      ->type_name("FILE")
      ->required();
  command.add_option("--output", options.output, "folder for the trained model")
      ->type_name("DIR")
      ->required();
  command.add_flag("--force", options.training.overwrite, "replace the model in the output folder");
  command.add_flag(
      "--resume", options.training.resume, "continue a run that was interrupted, if there is one");
  command
      .add_option(
          "--log", options.log, "JSON lines of every step and epoch (default: OUTPUT.log.jsonl)")
      ->type_name("FILE");
  add_report_option(command, options.report);

  const std::string group = "Data";
  command
      .add_option("--validation",
                  options.validation,
                  "labelled texts to measure on (default: rows held out of --train)")
      ->type_name("FILE")
      ->group(group);
  add_dataset_options(command, options.dataset, true, group);
}

template <typename T>
CLI::Option* add_field(CLI::App& command,
                       const std::string& flag,
                       const TrainingField& field,
                       T& value) {
  CLI::Option* option = command.add_option(flag, value, field.meaning);
  return option->type_name(std::is_integral_v<T> ? "N" : "X")->capture_default_str();
}

template <typename T>
CLI::Option* add_field(CLI::App& command,
                       const std::string& flag,
                       const TrainingField& field,
                       std::optional<T>& value) {
  const std::string text = fmt::format("{} (default: {})", field.meaning, field.open_default);
  return command.add_option(flag, value, text)->type_name(std::is_integral_v<T> ? "N" : "X");
}

CLI::Option* add_field(CLI::App& command,
                       const std::string& flag,
                       const TrainingField& field,
                       bool& value) {
  return command.add_flag(flag, value, field.meaning);
}

CLI::Option* add_field(CLI::App& command,
                       const std::string& flag,
                       const TrainingField& field,
                       HeadPooling& value) {
  return add_choice(command, flag, value, kPoolings, field.meaning);
}

CLI::Option* add_field(CLI::App& command,
                       const std::string& flag,
                       const TrainingField& field,
                       Precision& value) {
  return add_choice(command, flag, value, kTrainingPrecisions, field.meaning);
}

// The end points of an open range are refused later, by Trainer.
CLI::Validator check_of(const NumberRange& range) {
  return std::isfinite(range.largest) ? between(range.smallest, range.largest)
                                      : at_least(range.smallest);
}

// The flags of all fields except files, whose flags have other names, and placement, whose flags
// all commands have.
void add_field_options(CLI::App& command, TrainingOptions& training) {
  visit_training_fields(training, [&](const TrainingField& field, auto& value) {
    using Value = std::remove_reference_t<decltype(value)>;
    constexpr bool kIsOther =
        std::is_same_v<Value, std::filesystem::path> || std::is_same_v<Value, Device>;
    if constexpr (!kIsOther) {
      if (field.role == TrainingRole::files || field.role == TrainingRole::placement) {
        return;
      }
      CLI::Option* option = add_field(command, "--" + flag_name(field), field, value);
      option->group(field.group);
      if (field.range) {
        option->check(check_of(*field.range));
      }
    }
  });
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_data_options(command, options);
  add_field_options(command, options.training);
  add_worker_options(
      command, options.training.device, options.training.gpu, options.training.threads);
  command.footer(kFooter);
}

}  // namespace fastintent::cli
