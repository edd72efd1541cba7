#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "choices.h"
#include "classifier_options.h"
#include "command_line.h"
#include "data_report.h"
#include "distinct_files.h"
#include "evaluation_report.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "fastintent/evaluation.h"
#include "fastintent/intent_classifier.h"
#include "input_options.h"
#include "messages.h"
#include "output.h"
#include "report/evaluation_page.h"

namespace fastintent::cli {
namespace {

struct EvaluateOptions {
  std::string data;
  std::string output;
  std::string report;
  DatasetOptions dataset;
  ModelOptions classifier;
};

int evaluate_file(const EvaluateOptions& options) {
  require_distinct_files("evaluate",
                         {{"--data", options.data}},
                         {{"--output", options.output == "-" ? "/dev/stdout" : options.output},
                          {"--report", options.report}},
                         options.classifier.model_path.string());
  const LabelledTexts data = read_labelled_texts(options.data, options.dataset);
  print_message(data_report(options.data, data));
  std::optional<Output> json;  // opened first: reports an unwritable place before the work
  if (!options.output.empty()) {
    json.emplace(options.output);
  }
  std::optional<Output> page;
  if (!options.report.empty()) {
    page.emplace(options.report);
  }
  IntentClassifier classifier = open_classifier(options.classifier);
  const Evaluation evaluation = classifier.evaluate(data);
  if (json) {
    json->write(to_json(evaluation) + "\n");
    json->finish();
  }
  if (page) {
    page->write(evaluation_page(
        options.classifier.model_path.string(), classifier, options.data, data, evaluation));
    page->finish();
  }
  if (options.output != "-") {
    Output report;
    report.write(evaluation_report(evaluation));
    report.finish();
  }
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent evaluate --model intents --data held_out.csv
  fastintent evaluate --model intents --data held_out.csv --output metrics.json
  fastintent evaluate --model intents --data held_out.csv --output - | jq .accuracy
  fastintent evaluate --model intents --data held_out.csv --report evaluation.html

Prints accuracy, macro and weighted precision, recall and F1, top-3 and top-5 accuracy, expected
calibration error (15 bins), the worst classes and the most confused pairs. Labels that the model
does not know count as wrong and are listed.)";

}  // namespace

void add_evaluate_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("evaluate", "Measure a model on labelled texts.");
  const auto options = std::make_shared<EvaluateOptions>();
  add_classifier_options(*command, options->classifier);
  command
      ->add_option("--data", options->data, "labelled texts: .csv or .tsv with a header, or .jsonl")
      ->type_name("FILE")
      ->required();
  add_dataset_options(*command, options->dataset, true);
  command
      ->add_option("--output",
                   options->output,
                   "write the figures as JSON, with those of each class and the confusion matrix; "
                   "- prints that instead of the report")
      ->type_name("FILE|-");
  add_report_option(*command, options->report);
  command->footer(kFooter);
  command->parse_complete_callback(
      [options, &line] { line.run = [options] { return evaluate_file(*options); }; });
}

}  // namespace fastintent::cli
