#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/folder_entries.h"
#include "base/output_place.h"
#include "base/replace_folder.h"
#include "command_line.h"
#include "data_report.h"
#include "demo/base_weights.h"
#include "demo/conversation.h"
#include "demo/embedded_files.h"
#include "evaluation_report.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/trainer.h"
#include "input_options.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "report/training_page.h"
#include "run_reports.h"
#include "serve_program.h"
#include "status_line.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

namespace fs = std::filesystem;

// The folder that the demo makes.
constexpr std::string_view kTrainingFile = "data/train.csv";
constexpr std::string_view kTestFile = "data/test.csv";
constexpr std::string_view kModelFolder = "model";
constexpr std::string_view kLogFile = "model.log.jsonl";
constexpr std::string_view kReportFile = "report.html";

constexpr int kQuestions = 3;     // that are asked on a terminal
constexpr int kAlternatives = 2;  // of each answer, so that its line fits a screen

// Answered where nobody can be asked: none of them is in the data.
constexpr std::array kSampleQuestions = {
    "where is my parcel?", "you billed me two times", "how do I change my password"};

struct DemoOptions {
  std::string base;
  std::string output = "fastintent-demo";
  bool consented = false;
  InputOptions questions;  // only its texts
};

// Where there is no place beside the output, replace_folder writes inside it.
bool is_being_written(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with(kOurFilesInside) && name.ends_with(".partial");
}

// Nothing is overwritten.
void require_free(const fs::path& output) {
  std::error_code ignored;
  bool is_free = !fs::exists(fs::symlink_status(output, ignored));
  if (fs::is_directory(output, ignored)) {
    const std::vector<fs::path> entries = entries_of(output);
    is_free = std::all_of(entries.begin(), entries.end(), is_being_written);
  }
  if (!is_free) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("demo: expected no {} or an empty folder, found something in it; "
                            "--output names another folder",
                            output.string()));
  }
}

void write_file(const fs::path& file, std::string_view text) {
  Output output(file.string());
  output.write(text);
  output.finish();
}

// Trains into `folder`, which becomes `final_folder`: that is what the texts name.
void train_in(const fs::path& folder, const fs::path& final_folder, const fs::path& base) {
  fs::create_directory(folder / fs::path(kTrainingFile).parent_path());
  write_file(folder / kTrainingFile, kDemoTrainingData);
  write_file(folder / kTestFile, kDemoTestData);
  const LabelledTexts data = read_labelled_texts(folder / kTrainingFile);
  print_message(data_report((final_folder / kTrainingFile).string(), data));

  RunReports reports{.log = TrainingLog(folder / kLogFile, false, false)};
  reports.page.emplace((folder / kReportFile).string());
  const StopSignal stop("\ndemo: stopping after this step; nothing is kept\n");
  TrainingCallbacks callbacks = report_to(reports);
  callbacks.should_stop = [&] { return stop.requested(); };
  TrainingOptions options;
  options.base_model = base;
  options.output = folder / kModelFolder;
  TrainingReport report = Trainer(options, callbacks).train(data);
  reports.progress.clear();
  say("Trained {} in {}.", counted(report.epochs, "epoch"), duration(report.seconds));

  report.options.output = final_folder / kModelFolder;
  const TrainingFiles files = {
      (final_folder / kTrainingFile).string(), "", (final_folder / kLogFile).string()};
  reports.page->write(training_page(files, report, reports.history, data, nullptr));
  reports.page->finish();
}

void measure(IntentClassifier& classifier, const fs::path& folder) {
  const LabelledTexts data = read_labelled_texts(folder / kTestFile);
  say("On {} that training never saw: accuracy {}.\n",
      counted(std::ssize(data.texts), "message"),
      percent(classifier.evaluate(data).accuracy));
}

class Answers {
 public:
  explicit Answers(IntentClassifier& classifier) : classifier_(classifier) {}

  void add(const std::string& text) {
    PredictOptions options;
    options.top_k = kAlternatives;
    output_.write(prediction_line(text, classifier_.predict(text, options)) + "\n");
    output_.flush();
  }
  void finish() { output_.finish(); }

 private:
  IntentClassifier& classifier_;
  Output output_;
};

void answer_questions(IntentClassifier& classifier, const std::vector<std::string>& given) {
  Answers answers(classifier);
  if (!given.empty()) {
    for (const std::string& question : given) {
      answers.add(question);
    }
  } else if (is_conversation()) {
    for (int i = 1; i <= kQuestions; ++i) {
      const auto question =
          ask(fmt::format("Write to a shop's support ({} of {}): ", i, kQuestions));
      if (!question) {
        break;
      }
      if (!is_blank(*question)) {
        answers.add(*question);
      }
    }
  } else {
    for (const char* question : kSampleQuestions) {
      answers.add(question);
    }
  }
  answers.finish();
}

void print_next_steps(const fs::path& folder, const fs::path& base) {
  const auto quoted = [](const fs::path& path) { return shell_quoted({path.string()}); };
  say("\n{} has the data, the model and {}, a page for the browser. Next:",
      folder.string(),
      kReportFile);
  print_message(
      fmt::format("  fastintent predict --model {} \"I want my money back\"\n"
                  "  fastintent evaluate --model {} --data {}\n"
                  "With your own messages, a file with the columns text and intent:\n"
                  "  fastintent train --model {} --train messages.csv --output intents",
                  quoted(folder / kModelFolder),
                  quoted(folder / kModelFolder),
                  quoted(folder / kTestFile),
                  quoted(base)));
  if (has_serve_program()) {
    print_message(
        fmt::format("To try the model in a browser, at http://127.0.0.1:8080/:\n"
                    "  fastintent serve --model {}",
                    quoted(folder / kModelFolder)));
  }
}

int demo(const DemoOptions& options) {
  for (const std::string& question : options.questions.texts) {
    if (is_blank(question)) {
      throw Error(ErrorCode::invalid_data, "demo: expected a TEXT with words, found a blank one");
    }
  }
  const fs::path folder = options.output;
  require_free(folder);
  const BaseWeights weights(options.base, options.consented);
  fs::path base;
  replace_folder(
      folder,
      {.contains = [](const fs::path&) { return false; }, .check = [&] { require_free(folder); }},
      [&](const fs::path& fresh) {
        base = weights.folder();
        say("Training an intent classifier from {}: a minute or two on two cores.", base.string());
        train_in(fresh, folder, base);
      });
  ClassifierOptions classifier_options;
  classifier_options.model_path = folder / kModelFolder;
  IntentClassifier classifier(classifier_options);
  measure(classifier, folder);
  answer_questions(classifier, options.questions.texts);
  print_next_steps(folder, base);
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent demo
  fastintent demo --yes --output /tmp/demo
  fastintent demo --base all-MiniLM-L6-v2 "Where is my parcel?" "I want my money back"

Trains a classifier of customer-support messages, 1,470 of them with 30 intents, which the program
contains; writes a page about it and answers three questions: each TEXT, else what is typed at the
terminal, else samples. The base weights, all-MiniLM-L6-v2, are downloaded when they are not on this
machine, if you allow it. The output folder is written whole or not at all, and never overwritten.)";

}  // namespace

void add_demo_command(CLI::App& program, CommandLine& line) {
  CLI::App* command =
      program.add_subcommand("demo", "Train and try a first model, on data of its own.");
  const auto options = std::make_shared<DemoOptions>();
  command->allow_extras();
  command
      ->add_option("--output", options->output, "new folder for the data, the model and the page")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--base",
                   options->base,
                   "Hugging Face folder or id to start from (default: all-MiniLM-L6-v2)")
      ->type_name("MODEL");
  command->add_flag("--yes", options->consented, "download the base weights if they are missing");
  command->footer(kFooter);
  command->parse_complete_callback([command, options, &line] {
    take_texts(*command, line, options->questions);
    line.run = [options] { return demo(*options); };
  });
}

}  // namespace fastintent::cli
