// Tokens in, labels out: texts are tokenised before the clock starts, then run through a trained
// folder in packed batches of several sizes. Prints one JSON object for suite.py.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "batch/token_budget.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"
#include "predict/replica.h"
#include "predict/trained_model.h"

namespace fastintent::benchmarks {
namespace {

struct Options {
  std::string model;
  std::string input;
  Device device = Device::cuda;
  Precision precision = Precision::fp32;
  int replicas = 1;
  std::vector<int64_t> budgets{16384};
  double seconds = 0.5;
};

// Texts of a file, one per line, tokenised, repeated until the largest batch is filled `kBatches`
// times.
class Texts {
 public:
  Texts(const std::string& file, const Tokenizer& tokenizer, int64_t largest_budget) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
      append(tokenizer, line);
    }
    if (texts_.size() == 0) {
      throw Error(ErrorCode::missing_input,
                  fmt::format("encode_tokens: expected texts, one a line, found none ({})", file));
    }
    const size_t distinct = texts_.size();
    for (size_t i = 0; tokens() < kBatches * largest_budget; ++i) {
      repeat(i % distinct);
    }
  }

  const TokenizedTexts& tokenized() const { return texts_; }
  int64_t size() const { return static_cast<int64_t>(texts_.size()); }
  int64_t tokens() const { return static_cast<int64_t>(texts_.ids.size()); }

 private:
  static constexpr int64_t kBatches = 8;  // several, so that copies and products can overlap

  void append(const Tokenizer& tokenizer, const std::string& line) {
    texts_.starts.push_back(texts_.ids.size());
    texts_.truncated.push_back(static_cast<char>(tokenizer.append_ids(line, texts_.ids)));
    texts_.lengths.push_back(static_cast<int32_t>(texts_.ids.size() - texts_.starts.back()));
  }
  void repeat(size_t text) {
    const auto tokens = texts_.tokens(text);
    const std::vector<int32_t> copy(tokens.begin(), tokens.end());
    texts_.starts.push_back(texts_.ids.size());
    texts_.truncated.push_back(texts_.truncated[text]);
    texts_.lengths.push_back(texts_.lengths[text]);
    texts_.ids.insert(texts_.ids.end(), copy.begin(), copy.end());
  }

  TokenizedTexts texts_;
};

// Replicas of one model on one device, each on its own thread: while one waits for the device the
// other fills its next batch.
class Encoder {
 public:
  Encoder(const std::shared_ptr<const TrainedModel>& trained, const Options& options)
      : pool_(options.replicas) {
    std::shared_ptr<const PreparedModel> model;
    for (int i = 0; i < options.replicas; ++i) {
      auto backend = create_backend(options.device);
      device_name_ = backend->name();
      if (model == nullptr) {
        model = prepare_trained_model(trained, *backend, options.precision);
      }
      replicas_.push_back(std::make_unique<Replica>(
          std::move(backend), model, trained->folder.calibration().temperature));
    }
  }

  const std::string& device_name() const { return device_name_; }

  // The label of each text, as an index, from batches of at most `budget` tokens.
  std::vector<int> labels(const TokenizedTexts& texts, int64_t budget) {
    const auto ranges = split_by_tokens(texts.lengths, budget, pool_.size());
    std::vector<ScoredClass> best(texts.size());
    const Answers answers{{best.data(), static_cast<int64_t>(best.size()), 1}, {}};
    std::atomic<size_t> next{0};
    pool_.run([&](int worker) {
      for (size_t i = next++; i < ranges.size(); i = next++) {
        const auto [begin, end] = ranges[i];
        const RangeToRun range{texts, ranges[i], answers.of_texts(begin, end - begin)};
        replicas_[static_cast<size_t>(worker)]->run(range);
      }
    });
    std::vector<int> labels;
    for (const ScoredClass& one : best) {
      labels.push_back(one.index);
    }
    return labels;
  }

 private:
  ThreadPool pool_;
  std::string device_name_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

// Texts per second of complete passes that fill `seconds`, at least one.
double rate(Encoder& encoder, const Texts& texts, int64_t budget, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double passed = 0;
  int64_t passes = 0;
  while (passed < seconds || passes == 0) {
    encoder.labels(texts.tokenized(), budget);
    ++passes;
    passed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return static_cast<double>(passes * texts.size()) / passed;
}

void measure(const Options& options) {
  const auto trained = std::make_shared<const TrainedModel>(SnapshotPath(options.model), 0);
  const int64_t largest = *std::max_element(options.budgets.begin(), options.budgets.end());
  const Texts texts(options.input, trained->tokenizer, largest);
  Encoder encoder(trained, options);
  // The answers of every batch size, which must be the same (law 2); computing them also warms up.
  const std::vector<int> labels = encoder.labels(texts.tokenized(), options.budgets.front());
  for (const int64_t budget : std::span(options.budgets).subspan(1)) {
    if (encoder.labels(texts.tokenized(), budget) == labels) {
      continue;
    }
    throw std::runtime_error(
        fmt::format("encode_tokens: expected the labels of batches of {} tokens, found others in "
                    "batches of {}",
                    options.budgets.front(),
                    budget));
  }
  std::string rates;
  for (const int64_t budget : options.budgets) {
    rates += fmt::format("{}\"{}\":{:.1f}",
                         rates.empty() ? "" : ",",
                         budget,
                         rate(encoder, texts, budget, options.seconds));
  }
  fmt::print(
      "{{\"device\":\"{}\",\"precision\":\"{}\",\"replicas\":{},\"texts\":{},\"tokens\":{},"
      "\"queries_per_second\":{{{}}}}}\n",
      encoder.device_name(),
      precision_name(options.precision),
      options.replicas,
      texts.size(),
      texts.tokens(),
      rates);
}

int run(int argc, char** argv) {
  Options options;
  CLI::App program("Tokens in, labels out: queries a second by tokens a batch, as JSON.");
  program.add_option("--model", options.model, "trained folder")->required();
  program.add_option("--input", options.input, "texts, one a line")->required();
  const std::map<std::string, Device> devices = {{"cpu", Device::cpu}, {"cuda", Device::cuda}};
  program.add_option("--device", options.device)->transform(CLI::Transformer(devices));
  std::map<std::string, Precision> precisions;
  for (const Precision precision :
       {Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16, Precision::int8}) {
    precisions.emplace(precision_name(precision), precision);
  }
  program.add_option("--precision", options.precision)->transform(CLI::Transformer(precisions));
  program.add_option("--replicas", options.replicas, "threads, each with a stream of its own")
      ->check(CLI::Range(1, kMostWorkers));
  program
      .add_option("--tokens", options.budgets, "tokens of a batch, at most; several are measured")
      ->check(CLI::PositiveNumber);
  program.add_option("--seconds", options.seconds, "of each measurement, at least");
  CLI11_PARSE(program, argc, argv);
  measure(options);
  return 0;
}

}  // namespace
}  // namespace fastintent::benchmarks

int main(int argc, char** argv) {
  try {
    return fastintent::benchmarks::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
