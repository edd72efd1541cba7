// Shows every feature of the classifier on a trained folder, each with its own timings.
//
//   test_batch_optimization MODEL [TEXTS_FILE]
//
// TEXTS_FILE has one text per line; without it there are 256 made-up messages.

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/intent_classifier.h"

using namespace fastintent;

namespace {

using Texts = std::vector<std::string>;

// Milliseconds that `work` takes.
template <typename Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

void print_rate(const char* how, size_t count, double milliseconds) {
  std::printf("%-28s %5zu texts  %9.1f ms  %9.0f texts/s\n",
              how,
              count,
              milliseconds,
              1000 * static_cast<double>(count) / milliseconds);
}

Texts made_up_texts() {
  const Texts messages = {"where is order ",
                          "please cancel order ",
                          "I was charged twice for order ",
                          "one thing is missing from my parcel ",
                          "I would like to send back the shoes of order ",
                          "the app closes when I open invoice ",
                          "can you change the address of my delivery ",
                          "my promo code does not work with article "};
  Texts texts;
  for (int number = 1000; texts.size() < 256; ++number) {
    texts.push_back(messages[texts.size() % messages.size()] + std::to_string(number));
  }
  return texts;
}

Texts read_texts(const char* file) {
  Texts texts;
  TextReader reader{std::filesystem::path(file)};
  for (std::string text; reader.next(text);) {
    if (!is_blank(text)) {
      texts.push_back(text);
    }
  }
  if (texts.empty()) {
    throw std::runtime_error(std::string(file) + ": expected texts, found none");
  }
  return texts;
}

void show_memory(const IntentClassifier& classifier) {
  std::puts("\n== Device and memory");
  const GpuMemoryStats gpu = classifier.get_gpu_memory_stats();
  std::printf(
      "GPU available: %s, device: %s\n", gpu.gpu_available ? "yes" : "no", gpu.device_name.c_str());
  std::printf("total %.1f GB, allocated %.1f, cached %.1f, free %.1f\n",
              gpu.total_memory_gb,
              gpu.allocated_memory_gb,
              gpu.cached_memory_gb,
              gpu.free_memory_gb);
}

void show_warm_up(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Warm-up");
  PredictOptions options;
  options.use_cache = false;
  const auto one = [&] { classifier.predict(texts.front(), options); };
  std::printf("first prediction             %9.2f ms\n", milliseconds(one));
  std::printf("warm_up()                    %9.2f ms\n",
              milliseconds([&] { classifier.warm_up(); }));
  std::printf("prediction after it          %9.2f ms\n", milliseconds(one));
}

void show_batches(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Batch processing");
  PredictOptions options;
  options.use_cache = false;
  print_rate("one by one", texts.size(), milliseconds([&] {
               for (const std::string& text : texts) {
                 classifier.predict(text, options);
               }
             }));
  for (const int batch_size : {8, 32}) {
    options.batch_size = batch_size;
    const std::string how = "batches of " + std::to_string(batch_size);
    print_rate(
        how.c_str(), texts.size(), milliseconds([&] { classifier.predict_batch(texts, options); }));
  }
}

void show_streaming(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Streaming");
  PredictOptions options;
  options.use_cache = false;
  size_t answered = 0;
  size_t batches = 0;
  const double took = milliseconds([&] {
    for (const auto& batch : classifier.predict_batch_streaming(texts, options)) {
      answered += batch.predictions.size();  // here you would write them out
      ++batches;
    }
  });
  const std::string how = std::to_string(batches) + " batches, one at a time";
  print_rate(how.c_str(), answered, took);
}

void show_cache(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Cache");
  classifier.clear_cache();
  const auto one = [&] { classifier.predict(texts.front()); };
  std::printf("first time                   %9.4f ms\n", milliseconds(one));
  std::printf("second time                  %9.4f ms\n", milliseconds(one));
  const CacheStats stats = classifier.get_cache_stats();
  std::printf("%lld of %lld predictions kept, %lld hits, %lld misses, %lld bytes\n",
              static_cast<long long>(stats.cache_size),
              static_cast<long long>(stats.cache_limit),
              static_cast<long long>(stats.hits),
              static_cast<long long>(stats.misses),
              static_cast<long long>(stats.memory_bytes));
  classifier.clear_cache();
  std::printf("after clear_cache(): %lld kept\n",
              static_cast<long long>(classifier.get_cache_stats().cache_size));
}

void show_optimization(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Inference optimisation");
  PredictOptions options;
  options.use_cache = false;
  const auto all = [&] { classifier.predict_batch(texts, options); };
  print_rate("before", texts.size(), milliseconds(all));
  const OptimizationReport report = classifier.optimize_for_inference();
  std::printf("%s instead of %s: %s\n",
              std::string(precision_name(report.precision)).c_str(),
              std::string(precision_name(report.previous_precision)).c_str(),
              report.reason.c_str());
  std::printf("%.1f %% of %lld sample texts keep their label\n",
              100 * report.label_agreement,
              static_cast<long long>(report.sample_texts));
  classifier.warm_up();
  print_rate("after", texts.size(), milliseconds(all));
}

void show_benchmark(IntentClassifier& classifier, const Texts& texts) {
  std::puts("\n== Benchmark");
  const PerformanceReport report = classifier.benchmark_performance(texts, 20);
  std::printf("%s, %s, %d threads\n",
              report.device.c_str(),
              std::string(precision_name(report.precision)).c_str(),
              report.threads);
  for (const auto& [name, figures] : report.benchmarks) {
    std::printf("%-20s %9.0f texts/s  mean %9.4f ms  p50 %9.4f  p95 %9.4f  p99 %9.4f\n",
                name.c_str(),
                figures.throughput,
                figures.mean_ms,
                figures.p50_ms,
                figures.p95_ms,
                figures.p99_ms);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s MODEL [TEXTS_FILE]\n", argv[0]);
    return 64;
  }
  try {
    const Texts texts = argc == 3 ? read_texts(argv[2]) : made_up_texts();
    ClassifierOptions options;
    options.model_path = argv[1];
    IntentClassifier classifier(options);
    std::printf("%s\n", classifier.description().c_str());

    show_memory(classifier);
    show_warm_up(classifier, texts);
    show_batches(classifier, texts);
    show_streaming(classifier, texts);
    show_cache(classifier, texts);
    show_optimization(classifier, texts);
    show_benchmark(classifier, texts);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
