#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/output_place.h"
#include "command_line.h"
#include "data_report.h"
#include "distinct_files.h"
#include "download_progress.h"
#include "evaluation_report.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "fastintent/hub.h"
#include "fastintent/trainer.h"
#include "messages.h"
#include "output.h"
#include "report/training_page.h"
#include "run_reports.h"
#include "status_line.h"
#include "stop_signal.h"
#include "train_options.h"

namespace fastintent::cli {
namespace {

std::filesystem::path companion_of(const TrainOptions& options, std::string_view suffix) {
  const auto output = std::filesystem::absolute(options.output).lexically_normal();
  return companion(output.has_filename() ? output : output.parent_path(), suffix);
}

// By default beside the output: the folder itself is replaced when the run ends.
std::filesystem::path log_file(const TrainOptions& options) {
  return options.log.empty() ? companion_of(options, ".log.jsonl")
                             : std::filesystem::path(options.log);
}

void check_files(const TrainOptions& options, const std::filesystem::path& log) {
  require_distinct_files(
      "train",
      {{"--train", options.train}, {"--validation", options.validation}},
      {{"--output", options.output}, {"--log", log.string()}, {"--report", options.report}},
      options.model);
  require_apart_from_model(
      "train", {{"--train", options.train}, {"--validation", options.validation}}, options.output);
  const std::string state = companion_of(options, ".training").string();
  for (const auto& [option, file] :
       {NamedFile{"--log", options.log}, NamedFile{"--report", options.report}}) {
    if (!file.empty() && (is_inside(file, options.output) || is_inside(file, state))) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("train: {}: expected a file outside the output folder and that of "
                              "the run's state, found {}",
                              option,
                              file));
    }
  }
}

void make_folder_of(const std::filesystem::path& file) {
  if (file.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("train: expected to create the folder {}, found: {}",
                              file.parent_path().string(),
                              error.message()));
    }
  }
}

void print_summary(const TrainOptions& options, const TrainingReport& report) {
  say("Trained {} in {} ({:.0f} examples/s).",
      counted(report.epochs, "epoch"),
      duration(report.seconds),
      report.examples_per_second);
  if (report.validation) {
    say("Best epoch {}: {}.", report.best_epoch, figures_line(*report.validation));
    say("Expected calibration error {} before, {} after fitting the temperature {:.4g}.",
        percent(report.validation->uncalibrated_calibration_error),
        percent(report.validation->expected_calibration_error),
        report.temperature);
  }
  if (report.review_threshold) {
    say("Answers need review below a confidence of {:.4g}: {} of the validation texts.",
        *report.review_threshold,
        percent(report.review_share));
  }
  if (!report.label_agreement.empty()) {
    std::vector<std::string> kept;
    for (const auto& [precision, share] : report.label_agreement) {
      kept.push_back(fmt::format("{} {}", precision_name(precision), percent(share)));
    }
    say("Labels of the validation texts that are the same as in fp32: {}.", fmt::join(kept, ", "));
  }
  say("The model is in {}. Next:", options.output);
  print_message(
      fmt::format("  fastintent predict --model {} \"your text\"", shell_quoted({options.output})));
}

void print_how_to_resume(const CommandLine& line) {
  auto arguments = line.arguments;
  if (std::find(arguments.begin(), arguments.end(), "--resume") == arguments.end()) {
    arguments.emplace_back("--resume");
  }
  print_message(
      fmt::format("Stopped; what was learnt so far is saved. To continue:\n  fastintent {}",
                  shell_quoted(arguments)));
}

struct TrainingData {
  LabelledTexts training;
  std::optional<LabelledTexts> validation;

  const LabelledTexts* given_validation() const { return validation ? &*validation : nullptr; }
};

// `print` shows the facts of each file as soon as it is read.
TrainingData read_data(const TrainOptions& options, bool print) {
  const auto read = [&](const std::string& file) {
    LabelledTexts texts = read_labelled_texts(file, options.dataset);
    if (print) {
      print_message(data_report(file, texts));
    }
    return texts;
  };
  TrainingData data{read(options.train), std::nullopt};
  if (!options.validation.empty()) {
    data.validation = read(options.validation);
  }
  return data;
}

// One of several processes, but not the first: only the first reports progress.
int train_silently(TrainOptions options) {
  const TrainingData data = read_data(options, false);
  options.training.base_model = find_model(options.model);
  options.training.output = options.output;
  const StopSignal stop("");
  TrainingCallbacks callbacks;
  callbacks.should_stop = [&] { return stop.requested(); };
  try {
    Trainer(options.training, callbacks).train(data.training, data.given_validation());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::interrupted) {
      throw;
    }
    return kInterrupted;
  }
  return kOk;
}

// Called before the work, so that an unwritable place is reported before it.
void open_page(const TrainOptions& options,
               const std::filesystem::path& log_path,
               RunReports& reports) {
  if (options.report.empty()) {
    return;
  }
  reports.page.emplace(options.report);
  if (options.training.resume) {
    reports.history.read_log(log_path);
  }
}

int train(TrainOptions options, const CommandLine& line) {
  const std::filesystem::path log_path = log_file(options);
  check_files(options, log_path);
  const TrainingData data = read_data(options, true);
  options.training.base_model = find_model_showing_progress(options.model);
  options.training.output = options.output;
  make_folder_of(log_path);
  RunReports reports{.log = TrainingLog(log_path, options.training.resume, !options.log.empty())};
  open_page(options, log_path, reports);
  const StopSignal stop("\ntrain: stopping after this step; again to stop at once, unsaved\n");
  TrainingCallbacks callbacks = report_to(reports);
  callbacks.should_stop = [&] { return stop.requested(); };

  try {
    const LabelledTexts* const validation = data.given_validation();
    const TrainingReport report =
        Trainer(options.training, callbacks).train(data.training, validation);
    reports.progress.clear();
    print_summary(options, report);
    if (reports.page) {
      const TrainingFiles files = {options.train, options.validation, log_path.string()};
      reports.page->write(training_page(files, report, reports.history, data.training, validation));
      reports.page->finish();
    }
  } catch (const Error& error) {
    reports.progress.clear();
    if (error.code() != ErrorCode::interrupted || !reports.begun) {
      throw;
    }
    print_how_to_resume(line);
    return kInterrupted;
  }
  if (reports.log.failed()) {
    throw Error(ErrorCode::io_error,
                fmt::format("train: expected to write the log {}, found that "
                            "writing failed (the model is whole)",
                            log_path.string()));
  }
  return kOk;
}

}  // namespace

void add_train_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("train", "Fine-tune a model on labelled texts.");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(*command, *options);
  command->parse_complete_callback([options, &line] {
    line.run = [options, &line] {
      return training_rank() == 0 ? train(*options, line) : train_silently(*options);
    };
  });
}

}  // namespace fastintent::cli
