// Proves that a trained folder is fit for work: one line per check, exit code 1 if one fails.
//
//   verify_intent_classifier MODEL DATA_FILE [LEAST_ACCURACY]
//
// LEAST_ACCURACY is a percentage, 85 by default.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/intent_classifier.h"

using namespace fastintent;
using Predictions = std::vector<IntentPrediction>;

namespace {

constexpr double kLeastPredictionsPerMinute = 1000;

struct Outcome {
  bool passed;
  std::string figures;
};

// "31.4" for 31.41 and 1 digit.
std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// Runs one check and prints its line. A check that throws has failed.
bool check(const char* name, const std::function<Outcome()>& run) {
  Outcome outcome;
  try {
    outcome = run();
  } catch (const std::exception& failure) {
    outcome = {false, failure.what()};
  }
  std::printf("%-4s %s: %s\n", outcome.passed ? "ok" : "FAIL", name, outcome.figures.c_str());
  return outcome.passed;
}

Outcome same_answers(const Predictions& expected, const Predictions& found) {
  if (found.size() != expected.size()) {
    return {false,
            "expected " + std::to_string(expected.size()) + " answers, found " +
                std::to_string(found.size())};
  }
  size_t different = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    different += found[i] != expected[i];
  }
  return {different == 0,
          std::to_string(different) + " of " + std::to_string(found.size()) + " answers differ"};
}

bool verify(const std::string& model, const std::string& data_file, double least_accuracy) {
  std::unique_ptr<IntentClassifier> classifier;
  LabelledTexts data;

  // Without a model and data there is nothing else to check.
  const bool loaded = check("load", [&] {
    ClassifierOptions options;
    options.model_path = model;
    options.cache_size = 1'000'000;  // so that the cache holds every text of the data
    options.cache_bytes = int64_t{1} << 30;
    classifier = std::make_unique<IntentClassifier>(options);
    data = read_labelled_texts(data_file);
    return Outcome{true,
                   std::to_string(classifier->intents().size()) + " intents, " +
                       std::to_string(data.texts.size()) + " texts, " + classifier->device_name()};
  });
  if (!loaded) {
    return false;
  }

  bool passed = check("accuracy", [&] {
    const double accuracy = 100 * classifier->evaluate(data).accuracy;
    return Outcome{
        accuracy >= least_accuracy,
        number(accuracy, 1) + " %, expected at least " + number(least_accuracy, 1) + " %"};
  });

  PredictOptions without_cache;
  without_cache.use_cache = false;
  Predictions single;  // the answers that all the others are compared with
  passed &= check("speed", [&] {
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& text : data.texts) {
      single.push_back(classifier->predict(text, without_cache));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double per_minute = static_cast<double>(single.size()) / took.count() * 60;
    return Outcome{per_minute >= kLeastPredictionsPerMinute,
                   number(per_minute, 0) + " predictions a minute one by one, expected at least " +
                       number(kLeastPredictionsPerMinute, 0)};
  });

  passed &= check("batch equals single", [&] {
    return same_answers(single, classifier->predict_batch(data.texts, without_cache));
  });

  passed &= check("stream equals single", [&] {
    Predictions streamed;
    for (const auto& batch : classifier->predict_batch_streaming(data.texts, without_cache)) {
      streamed.insert(streamed.end(), batch.predictions.begin(), batch.predictions.end());
    }
    return same_answers(single, streamed);
  });

  passed &= check("cached equals computed", [&] {
    classifier->predict_batch(data.texts);  // fills the cache
    const auto hits_before = classifier->get_cache_stats().hits;
    Predictions cached;
    for (const std::string& text : data.texts) {
      cached.push_back(classifier->predict(text));
    }
    const auto hits = classifier->get_cache_stats().hits - hits_before;
    Outcome outcome = same_answers(single, cached);
    outcome.passed = outcome.passed && hits == static_cast<int64_t>(data.texts.size());
    outcome.figures += ", " + std::to_string(hits) + " came from the cache";
    return outcome;
  });

  passed &= check("low confidence is flagged", [&] {
    // With the folder's own threshold there may be nothing to flag; a threshold half-way flags
    // some.
    std::set<float> confidences;
    for (const IntentPrediction& prediction : single) {
      confidences.insert(prediction.confidence);
    }
    const float threshold =
        *std::next(confidences.begin(), static_cast<std::ptrdiff_t>(confidences.size() / 2));
    classifier->set_review_threshold(threshold);
    size_t flagged = 0;
    size_t wrong = 0;
    for (const IntentPrediction& prediction : classifier->predict_batch(data.texts)) {
      flagged += prediction.needs_review;
      wrong += prediction.needs_review != (prediction.confidence < threshold);
    }
    classifier->set_review_threshold(std::nullopt);  // the folder's again
    const bool both_kinds = confidences.size() == 1 || (flagged > 0 && flagged < single.size());
    return Outcome{wrong == 0 && both_kinds,
                   "below " + number(threshold, 3) + ": " + std::to_string(flagged) + " of " +
                       std::to_string(single.size()) + " texts flagged, " + std::to_string(wrong) +
                       " wrongly"};
  });
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  const double least_accuracy = argc == 4 ? std::strtod(argv[3], &end) : 85;
  if (argc < 3 || argc > 4 || (end != nullptr && *end != '\0')) {
    std::fprintf(stderr, "usage: %s MODEL DATA_FILE [LEAST_ACCURACY]\n", argv[0]);
    return 64;
  }
  return verify(argv[1], argv[2], least_accuracy) ? 0 : 1;
}
