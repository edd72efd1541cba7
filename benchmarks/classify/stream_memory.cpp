// Resident memory of a stream of generated texts of random lengths, in the fastest precision of
// this machine: after the first 100,000, and at the end.
//
//   stream_memory MODEL_FOLDER [TEXTS]

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>

#include "fastintent/devices.h"
#include "fastintent/intent_classifier.h"

namespace {

double resident_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::atof(line.c_str() + 6) / 1024;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fastintent;
  if (argc < 2) {
    fmt::print(stderr, "usage: stream_memory MODEL_FOLDER [TEXTS]\n");
    return EXIT_FAILURE;
  }
  try {
    ClassifierOptions settings;
    settings.model_path = argv[1];
    settings.precision = fastest_precision().precision;
    IntentClassifier classifier(settings);
    const int64_t texts = argc > 2 ? std::atoll(argv[2]) : 5'000'000;
    int64_t made = 0;
    std::mt19937 random(42);
    std::geometric_distribution<int> lengths(0.2);  // mostly short, rarely 100 words
    const auto next = [&](std::string& text) {
      if (made == texts) {
        return false;
      }
      text = fmt::format("where is order {}", made++);
      for (auto words = lengths(random); words > 0; --words) {
        text += " and my card";
      }
      return true;
    };
    int64_t answered = 0;
    double early = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const auto& batch : classifier.predict_batch_streaming(TextSource(next))) {
      answered += static_cast<int64_t>(batch.predictions.size());
      if (early == 0 && answered >= 100'000) {
        early = resident_megabytes();
      }
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print(
        "{} texts in {:.0f} s; resident memory {:.1f} MB after 100,000, {:.1f} MB at the end\n",
        answered,
        seconds,
        early,
        resident_megabytes());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
