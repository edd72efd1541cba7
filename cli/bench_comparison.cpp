#include "bench_comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "fastintent/devices.h"
#include "fastintent/error.h"
#include "messages.h"
#include "performance_report.h"

namespace fastintent::cli {
namespace {

constexpr int kWarmUpSteps = 3;

std::vector<Device> devices_here() {
  return gpu_count() > 0 ? std::vector{Device::cpu, Device::cuda} : std::vector{Device::cpu};
}

ModelOptions on(const ModelOptions& options, Device device, Precision precision) {
  ModelOptions chosen = options;
  chosen.device = device;
  chosen.precision = precision;
  return chosen;
}

TrainingSpeed measure_training(IntentClassifier classifier,
                               Precision precision,
                               const LabelledTexts& rows,
                               int steps) {
  const int wanted = kWarmUpSteps + steps;
  TrainingOptions options;
  options.precision = precision;
  // Enough epochs for all steps; accuracy is irrelevant here. Half the rows may be held out.
  const auto steps_an_epoch = static_cast<int>(rows.texts.size()) / (2 * options.batch_size) + 1;
  options.epochs = wanted / steps_an_epoch + 1;
  options.patience = *options.epochs;
  std::vector<double> speeds;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport& step) { speeds.push_back(step.examples_per_second); };
  callbacks.should_stop = [&] { return std::ssize(speeds) >= wanted; };
  try {
    classifier.train(rows, nullptr, options, callbacks);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::interrupted) {
      throw;
    }
  }
  const auto first = speeds.begin() + std::min<int64_t>(kWarmUpSteps, std::ssize(speeds) - 1);
  const auto middle = first + (speeds.end() - first) / 2;
  std::nth_element(first, middle, speeds.end());
  return {classifier.device_name(), precision, *middle};
}

// One line of a table: a device, a precision, figures, and the ratios to the processor's speed in
// fp32 and to the same device's.
struct Row {
  std::string device;
  Precision precision;
  std::string figures;
  double speed;
};

std::string table_of(const std::string& heading, const std::vector<Row>& rows) {
  size_t width = 0;
  for (const Row& row : rows) {
    width = std::max(width, row.device.size());
  }
  std::string table = fmt::format(
      "{:<{}}  {:<9}{}{:>12}{:>12}\n", "", width, "", heading, "x cpu fp32", "x its fp32");
  const double cpu = rows.front().speed;
  double own = cpu;
  for (const Row& row : rows) {
    if (row.precision == Precision::fp32) {  // each device's first
      own = row.speed;
    }
    table += fmt::format("{:<{}}  {:<9}{}{:>12.2f}{:>12.2f}\n",
                         row.device,
                         width,
                         precision_name(row.precision),
                         row.figures,
                         row.speed / cpu,
                         row.speed / own);
  }
  return table;
}

const BenchmarkFigures& figures_of(const PerformanceReport& report, std::string_view name) {
  return std::ranges::find(
             report.benchmarks, name, &std::pair<std::string, BenchmarkFigures>::first)
      ->second;
}

}  // namespace

std::vector<PerformanceReport> compare_prediction(const ModelOptions& options,
                                                  std::span<const std::string> samples,
                                                  int iterations) {
  if (gpu_count() == 0) {
    say("bench: there is no GPU here (fastintent info says why); the processor alone");
  }
  std::vector<PerformanceReport> reports;
  for (const Device device : devices_here()) {
    for (const Precision precision : precisions(device)) {
      IntentClassifier classifier(on(options, device, precision));
      say("bench: prediction, {}, {}", classifier.device_name(), precision_name(precision));
      reports.push_back(classifier.benchmark_performance(samples, iterations));
    }
  }
  return reports;
}

std::vector<TrainingSpeed> compare_training(const ModelOptions& options,
                                            const LabelledTexts& rows,
                                            int steps) {
  std::vector<TrainingSpeed> speeds;
  for (const Device device : devices_here()) {
    for (const Precision precision : precisions(device)) {
      if (precision == Precision::int8) {
        continue;  // for prediction only
      }
      IntentClassifier classifier(on(options, device, Precision::fp32));
      say("bench: training, {}, {}", classifier.device_name(), precision_name(precision));
      speeds.push_back(measure_training(std::move(classifier), precision, rows, steps));
    }
  }
  return speeds;
}

std::string comparison_table(const BenchComparison& comparison) {
  std::vector<Row> rows;
  for (const PerformanceReport& report : comparison.prediction) {
    const BenchmarkFigures& single = figures_of(report, "single_prediction");
    const BenchmarkFigures& stream = figures_of(report, "streaming");
    rows.push_back({report.device,
                    report.precision,
                    fmt::format("{:>14.4g}{:>14.0f}", single.p50_ms, stream.throughput),
                    stream.throughput});
  }
  std::string table = table_of(fmt::format("{:>14}{:>14}", "one text, ms", "stream, /s"), rows);
  if (comparison.training.empty()) {
    return table;
  }
  rows.clear();
  for (const TrainingSpeed& speed : comparison.training) {
    rows.push_back({speed.device,
                    speed.precision,
                    fmt::format("{:>28.0f}", speed.examples_per_second),
                    speed.examples_per_second});
  }
  return table + "\n" + table_of(fmt::format("{:>28}", "training examples/s"), rows);
}

void write_json(JsonWriter& out, const BenchComparison& comparison) {
  out.begin_object();
  out.key("prediction");
  out.begin_array();
  for (const PerformanceReport& report : comparison.prediction) {
    write_json(out, report);
  }
  out.end_array();
  out.key("training");
  out.begin_array();
  for (const TrainingSpeed& speed : comparison.training) {
    out.begin_object();
    out.member("device", speed.device);
    out.member("precision", precision_name(speed.precision));
    out.member("examples_per_second", speed.examples_per_second);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

}  // namespace fastintent::cli
