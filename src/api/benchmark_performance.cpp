#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "api/classifier_state.h"
#include "api/predict_texts.h"
#include "api/prediction_stream_state.h"
#include "api/sample_texts.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kWarmUpCalls = 3;
constexpr std::chrono::milliseconds kPoll(100);  // seldom, so that no figure shows it

// The sorted value at the index nearest to `share` of the way from the first to the last.
double percentile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

// Measures calls of one kind on one predictor.
class Measurement {
 public:
  Measurement(const Predictor& predictor, int calls, const std::function<bool()>& should_stop)
      : predictor_(predictor), calls_(calls), should_stop_(should_stop) {}

  // `call(i)` makes the i-th call and returns its number of predictions.
  BenchmarkFigures run(const std::function<int64_t(int)>& call) const {
    for (int i = 0; i < kWarmUpCalls; ++i) {
      check_stop();
      call(i);
    }
    std::vector<double> latencies;
    int64_t predictions = 0;
    const PredictorTimes before = predictor_.times();
    const auto start = Clock::now();
    auto polled = start;
    for (int i = 0; i < calls_; ++i) {
      const auto begin = Clock::now();
      predictions += call(i);
      const auto end = Clock::now();
      latencies.push_back(Milliseconds(end - begin).count());
      if (end - polled > kPoll) {
        check_stop();
        polled = end;
      }
    }
    const double total_ms = Milliseconds(Clock::now() - start).count();
    const PredictorTimes after = predictor_.times();

    std::sort(latencies.begin(), latencies.end());
    BenchmarkFigures figures;
    figures.throughput = static_cast<double>(predictions) / (total_ms / 1000);
    figures.mean_ms = std::accumulate(latencies.begin(), latencies.end(), 0.0) / calls_;
    figures.p50_ms = percentile(latencies, 0.50);
    figures.p95_ms = percentile(latencies, 0.95);
    figures.p99_ms = percentile(latencies, 0.99);
    const double total_ns = total_ms * 1e6;
    figures.tokenizer_share =
        static_cast<double>((after.tokenizer - before.tokenizer).count()) / total_ns;
    figures.encoder_share =
        static_cast<double>((after.encoder - before.encoder).count()) / total_ns;
    return figures;
  }

 private:
  void check_stop() const {
    if (should_stop_ && should_stop_()) {
      throw Error(ErrorCode::interrupted, "benchmark: stopped by the caller");
    }
  }

  const Predictor& predictor_;
  int calls_;
  const std::function<bool()>& should_stop_;
};

// Repeats the samples endlessly.
class Texts {
 public:
  explicit Texts(std::span<const std::string> samples) : samples_(samples) {}

  const std::string& next() { return samples_[next_++ % samples_.size()]; }
  std::vector<std::string_view> next(int count) {
    std::vector<std::string_view> texts(static_cast<size_t>(count));
    for (std::string_view& text : texts) {
      text = next();
    }
    return texts;
  }

 private:
  std::span<const std::string> samples_;
  size_t next_ = 0;
};

}  // namespace

PerformanceReport IntentClassifier::benchmark_performance(
    std::span<const std::string> sample_texts,
    int num_iterations,
    const std::function<bool()>& should_stop) {
  if (num_iterations < 1) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("benchmark: num_iterations: expected at least 1, found {}", num_iterations));
  }
  const std::span<const std::string> samples = samples_or_ours(sample_texts);
  warm_up(sample_texts, should_stop);
  PredictOptions uncached;
  uncached.use_cache = false;
  PredictionContext context = state_->begin(uncached);
  context.equal_texts_once = false;  // every prediction that is counted is computed
  const Measurement measurement(*context.predictor, num_iterations, should_stop);
  PerformanceReport report;
  report.device = context.predictor->device_name();
  report.precision = context.predictor->precision();
  report.threads = context.predictor->threads();

  Texts texts(samples);
  report.benchmarks.emplace_back("single_prediction", measurement.run([&](int) {
    predict_one(context, texts.next());
    return 1;
  }));
  for (const int size : {1, 4, 8, 16, 32}) {
    PredictionContext batches = context;
    batches.options.batch_size = size;
    report.benchmarks.emplace_back(fmt::format("batch_size_{}", size), measurement.run([&](int) {
      predict_all(batches, texts.next(size));
      return size;
    }));
  }
  // One stream for the calls that warm up and one for those measured, each with exactly as many
  // texts as its calls use: no batch is read ahead before its measurement or runs after it.
  int64_t calls = kWarmUpCalls;
  int64_t left = 0;
  std::optional<PredictionStream::State> stream;
  report.benchmarks.emplace_back("streaming", measurement.run([&](int call) {
    if (call == 0) {
      left = std::exchange(calls, num_iterations) * context.options.batch_size;
      stream.emplace(context, [&](std::string& text) {
        text = texts.next();
        return --left >= 0;
      });
    }
    stream->next(stream->current);
    return static_cast<int64_t>(stream->current.predictions.size());
  }));

  context.cache = std::make_shared<PredictionCache>(static_cast<int64_t>(samples.size()),
                                                    std::numeric_limits<int64_t>::max());
  context.cache_generation = context.cache->generation();
  predict_all(context, std::vector<std::string_view>(samples.begin(), samples.end()));
  report.benchmarks.emplace_back("cached", measurement.run([&](int) {
    const std::string& text = texts.next();
    require_text(text);
    context.cache->find(text, context.options.top_k, context.cache_generation);
    return 1;
  }));
  return report;
}

}  // namespace fastintent
