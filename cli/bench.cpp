#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "bench_comparison.h"
#include "choices.h"
#include "classifier_options.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "input_options.h"
#include "json.h"
#include "load_options.h"
#include "output.h"
#include "performance_report.h"
#include "serve_program.h"

namespace fastintent::cli {
namespace {

struct BenchOptions {
  ModelOptions classifier;
  LoadOptions load;
  InputOptions input;
  int iterations = 100;
  bool compare = false;
  std::string train;
  bool json = false;
};

// The texts of --input or TEXT without blank ones; empty when neither is given.
std::vector<std::string> read_samples(const InputOptions& input) {
  std::vector<std::string> samples;
  if (input.texts.empty() && input.input.empty()) {
    return samples;
  }
  InputTexts texts(input);
  samples = texts.read_all();
  texts.report_replaced();
  if (samples.empty()) {
    throw Error(ErrorCode::invalid_data, "bench: expected texts, found only blank ones");
  }
  return samples;
}

template <class Measured>
std::string json_line(const Measured& measured) {
  JsonWriter out = line_writer();
  write_json(out, measured);
  return out.text() + "\n";
}

int bench(const BenchOptions& options) {
  const std::vector<std::string> samples = read_samples(options.input);
  Output output;
  if (options.compare) {
    BenchComparison comparison;
    comparison.prediction = compare_prediction(options.classifier, samples, options.iterations);
    if (!options.train.empty()) {
      DatasetOptions dataset = options.input.dataset;
      dataset.format = FileFormat::automatic;  // --format is that of --input
      const LabelledTexts rows = read_labelled_texts(options.train, dataset);
      comparison.training = compare_training(options.classifier, rows, options.iterations);
    }
    output.write(options.json ? json_line(comparison) : comparison_table(comparison));
  } else {
    IntentClassifier classifier = open_classifier(options.classifier);
    const PerformanceReport report = classifier.benchmark_performance(samples, options.iterations);
    output.write(options.json ? json_line(report) : performance_table(report));
  }
  output.finish();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent bench --model intents
  fastintent bench --model intents --input messages.csv --precision auto
  fastintent bench --model intents --json | jq .benchmarks.streaming.throughput
  fastintent bench --model intents --compare
  fastintent bench --model intents --compare --train messages.csv --iterations 30
  fastintent bench --url http://127.0.0.1:8080 --rate 2000 --seconds 30

Measures single, batch, streaming and cached prediction, warmed up: predictions a second, the
latency of a call, and the share of the time in the tokenizer and in the encoder. Texts are those
given, else some of fastintent's own, from one word to a long paragraph.

--compare measures the processor and the GPU, where there is one, in every precision they have, and
sets each beside fp32 and beside the processor.

--url measures a server that is running, by HTTP: how many answers a second it returns, with which
status, and their latency from the time at which each request was to be sent. Beside it only the
options of the group Load and --json may be used.)";

}  // namespace

void add_bench_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("bench", "Measure how fast a model answers.");
  const auto options = std::make_shared<BenchOptions>();
  add_classifier_options(*command, options->classifier);
  CLI::Option* model = command->get_option("--model")->required(false);
  add_input_options(*command, options->input);
  add_load_options(*command, options->load);
  command->add_option("--iterations", options->iterations, "calls of each kind")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1));
  CLI::Option* compare = command->add_flag(
      "--compare", options->compare, "every device and precision that is here, side by side");
  compare->excludes(command->get_option("--device"))->excludes(command->get_option("--precision"));
  command
      ->add_option("--train",
                   options->train,
                   "labelled texts: compare training on them, too, for as many steps")
      ->type_name("FILE")
      ->needs(compare);
  command->add_flag("--json", options->json, "print one JSON object instead of the table");
  command->footer(kFooter);
  command->parse_complete_callback([command, options, model, &line] {
    if (!options->load.url.empty()) {
      line.run = [&line]() -> int { run_serve_program(line.arguments); };
      return;
    }
    if (options->classifier.model_path.empty()) {
      throw CLI::RequiredError(model->get_name());
    }
    take_texts(*command, line, options->input);
    line.run = [options] { return bench(*options); };
  });
}

}  // namespace fastintent::cli
