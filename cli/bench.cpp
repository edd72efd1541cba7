#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "choices.h"
#include "classifier_options.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "input_options.h"
#include "json.h"
#include "messages.h"
#include "output.h"

namespace fastintent::cli {
namespace {

struct BenchOptions {
  ModelOptions classifier;
  InputOptions input;
  int iterations = 100;
  bool json = false;
};

std::string as_table(const PerformanceReport& report) {
  std::string table = fmt::format("device {}, precision {}, {}\n\n",
                                  report.device,
                                  precision_name(report.precision),
                                  counted(report.threads, "thread"));
  table += fmt::format("{:<18}{:>13}{:>10}{:>10}{:>10}{:>10}{:>11}{:>9}\n",
                       "",
                       "predictions/s",
                       "mean ms",
                       "p50 ms",
                       "p95 ms",
                       "p99 ms",
                       "tokenizer",
                       "encoder");
  for (const auto& [name, figures] : report.benchmarks) {
    table += fmt::format("{:<18}{:>13.0f}{:>10.4g}{:>10.4g}{:>10.4g}{:>10.4g}{:>10.1f}%{:>8.1f}%\n",
                         name,
                         figures.throughput,
                         figures.mean_ms,
                         figures.p50_ms,
                         figures.p95_ms,
                         figures.p99_ms,
                         100 * figures.tokenizer_share,
                         100 * figures.encoder_share);
  }
  return table;
}

std::string as_json(const PerformanceReport& report) {
  std::string benchmarks;
  for (const auto& [name, figures] : report.benchmarks) {
    benchmarks +=
        fmt::format(R"({}{}:{{"throughput":{},"mean_ms":{},"p50_ms":{},"p95_ms":{},"p99_ms":{},)"
                    R"("tokenizer_share":{},"encoder_share":{}}})",
                    benchmarks.empty() ? "" : ",",
                    json_string(name),
                    json_number(figures.throughput),
                    json_number(figures.mean_ms),
                    json_number(figures.p50_ms),
                    json_number(figures.p95_ms),
                    json_number(figures.p99_ms),
                    json_number(figures.tokenizer_share),
                    json_number(figures.encoder_share));
  }
  return fmt::format(R"({{"device":{},"precision":{},"threads":{},"benchmarks":{{{}}}}})"
                     "\n",
                     json_string(report.device),
                     json_string(precision_name(report.precision)),
                     report.threads,
                     benchmarks);
}

// What --input or TEXT gives, without blank texts; empty when neither is there.
std::vector<std::string> read_samples(const InputOptions& input) {
  std::vector<std::string> samples;
  if (input.texts.empty() && input.input.empty()) {
    return samples;
  }
  const auto next = open_texts(input);
  std::string text;
  while (next(text)) {
    if (!is_blank(text)) {
      samples.push_back(text);
    }
  }
  if (samples.empty()) {
    throw Error(ErrorCode::invalid_data, "bench: expected texts, found only blank ones");
  }
  return samples;
}

int bench(const BenchOptions& options) {
  const std::vector<std::string> samples = read_samples(options.input);
  IntentClassifier classifier = open_classifier(options.classifier);
  const PerformanceReport report = classifier.benchmark_performance(samples, options.iterations);
  Output output;
  output.write(options.json ? as_json(report) : as_table(report));
  output.finish();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent bench --model intents
  fastintent bench --model intents --input messages.csv --precision auto
  fastintent bench --model intents --json | jq .benchmarks.streaming.throughput

Measures single, batch, streaming and cached prediction, warmed up: predictions a second, the
latency of a call, and the share of the time in the tokenizer and in the encoder. Texts are those
given, else some of fastintent's own, from one word to a long paragraph.)";

}  // namespace

void add_bench_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("bench", "Measure how fast a model answers.");
  const auto options = std::make_shared<BenchOptions>();
  add_classifier_options(*command, options->classifier);
  add_input_options(*command, options->input);
  command->add_option("--iterations", options->iterations, "calls of each kind")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1));
  command->add_flag("--json", options->json, "print one JSON object instead of the table");
  command->footer(kFooter);
  command->parse_complete_callback([command, options, &line] {
    take_texts(*command, line, options->input);
    line.run = [options] { return bench(*options); };
  });
}

}  // namespace fastintent::cli
