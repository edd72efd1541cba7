// Latencies of the first 200 calls of a fresh process in milliseconds, one per line, with or
// without warm-up; first_call.py runs it many times and compares the first call with the hundredth.
//
//   first_call MODEL_FOLDER TEXTS_FILE warm|cold

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "fastintent/intent_classifier.h"

int main(int argc, char** argv) {
  using namespace fastintent;
  if (argc != 4) {
    fmt::print(stderr, "usage: first_call MODEL_FOLDER TEXTS_FILE warm|cold\n");
    return EXIT_FAILURE;
  }
  try {
    ClassifierOptions settings;
    settings.model_path = argv[1];
    IntentClassifier classifier(settings);
    if (argv[3] == std::string_view("warm")) {
      classifier.warm_up();
    }
    TextReader reader{std::filesystem::path(argv[2])};
    std::string text;
    for (int call = 0; call < 200 && reader.next(text); ++call) {
      const auto start = std::chrono::steady_clock::now();
      classifier.predict(text);
      const auto end = std::chrono::steady_clock::now();
      fmt::print("{:.4f}\n", std::chrono::duration<double, std::milli>(end - start).count());
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
