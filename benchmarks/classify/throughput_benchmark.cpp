// Queries per second of one big batch, of a stream, and of a stream without cache hits; the time of
// a cached answer. The measurements alternate within one run; medians and ratios count.
//
//   throughput_benchmark MODEL_FOLDER TEXTS_FILE [ROUNDS]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "fastintent/intent_classifier.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace fastintent;

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Repeated texts would be computed once.
std::vector<std::string> read_distinct_texts(const char* file) {
  std::set<std::string> seen;
  std::vector<std::string> texts;
  TextReader reader{std::filesystem::path(file)};
  for (std::string text; reader.next(text);) {
    if (!is_blank(text) && seen.insert(text).second) {
      texts.push_back(text);
    }
  }
  return texts;
}

void stream(IntentClassifier& classifier,
            const std::vector<std::string>& texts,
            const PredictOptions& options,
            std::vector<IntentPrediction>& answers) {
  answers.clear();
  for (const auto& batch : classifier.predict_batch_streaming(texts, options)) {
    answers.insert(answers.end(), batch.predictions.begin(), batch.predictions.end());
  }
}

void run(const char* model, const char* file, int rounds) {
  ClassifierOptions settings;
  settings.model_path = model;
  IntentClassifier classifier(settings);
  const std::vector<std::string> texts = read_distinct_texts(file);
  PredictOptions uncached;
  uncached.use_cache = false;
  PredictOptions whole = uncached;
  whole.batch_size = static_cast<int>(texts.size());

  classifier.warm_up();
  const auto expected = classifier.predict_batch(texts, whole);
  std::vector<IntentPrediction> answers;
  const auto check = [&](const char* way) {
    if (answers == expected) {
      return;
    }
    fmt::print(stderr, "{}: other answers than one big batch\n", way);
    std::exit(EXIT_FAILURE);
  };
  stream(classifier, texts, uncached, answers);
  check("stream");

  std::vector<double> batch;
  std::vector<double> batches_of_32;
  std::vector<double> streamed;
  std::vector<double> missing;
  for (int round = 0; round < rounds; ++round) {
    batch.push_back(seconds_of([&] { answers = classifier.predict_batch(texts, whole); }));
    check("one big batch");
    batches_of_32.push_back(
        seconds_of([&] { answers = classifier.predict_batch(texts, uncached); }));
    check("batches of 32");
    streamed.push_back(seconds_of([&] { stream(classifier, texts, uncached, answers); }));
    check("stream");
    classifier.clear_cache();
    missing.push_back(seconds_of([&] { stream(classifier, texts, {}, answers); }));
    check("stream with misses");
  }
  const auto print = [&](const char* way, const std::vector<double>& seconds) {
    fmt::print("{:<32}{:>10.0f} texts/s  {:.3f} of one big batch\n",
               way,
               static_cast<double>(texts.size()) / median(seconds),
               median(batch) / median(seconds));
  };
  print("one big batch", batch);
  print("predict_batch, batch size 32", batches_of_32);
  print("stream, batch size 32", streamed);
  print("the same, cache never hit", missing);

  // First restores the entries that were evicted above.
  const size_t kept = std::min<size_t>(texts.size(), 500);
  classifier.predict_batch(std::span(texts).first(kept));
  std::vector<double> hits;
  for (int round = 0; round < rounds; ++round) {
    constexpr int kRepeats = 20;
    const double seconds = seconds_of([&] {
      for (int repeat = 0; repeat < kRepeats; ++repeat) {
        for (size_t i = 0; i < kept; ++i) {
          classifier.predict(texts[i]);
        }
      }
    });
    hits.push_back(seconds / static_cast<double>(kRepeats * kept));
  }
  fmt::print("a cached answer {:>26.0f} ns\n", median(hits) * 1e9);
  if (classifier.predict(texts[0]) != expected[0]) {
    std::exit(EXIT_FAILURE);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: throughput_benchmark MODEL_FOLDER TEXTS_FILE [ROUNDS]\n");
    return EXIT_FAILURE;
  }
  try {
    run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 5);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
