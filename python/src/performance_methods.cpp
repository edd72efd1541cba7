#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <string>

#include "choices.h"
#include "classifier.h"
#include "interruption.h"
#include "reports.h"
#include "texts.h"

namespace fastintent::python {
namespace {

void warm_up(const Classifier& self, nb::handle sample_texts) {
  IntentClassifier& classifier = self.native();
  const auto samples = read_optional_texts(sample_texts, "sample_texts");
  Interruption interruption;
  const auto should_stop = [&] { return !interruption.allows(); };
  interruption.run([&] { classifier.warm_up(samples, should_stop); });
}

OptimizationReport optimize(Classifier& self,
                            const std::string& precision,
                            nb::handle sample_texts) {
  IntentClassifier& classifier = self.native();
  const Precision chosen = parse_precision(precision);
  const auto samples = read_optional_texts(sample_texts, "sample_texts");
  Interruption interruption;
  const auto should_stop = [&] { return !interruption.allows(); };
  OptimizationReport report = interruption.run(
      [&] { return classifier.optimize_for_inference(chosen, samples, should_stop); });
  self.note_precision();
  return report;
}

PerformanceReport benchmark(const Classifier& self, nb::handle sample_texts, int num_iterations) {
  IntentClassifier& classifier = self.native();
  const auto samples = read_optional_texts(sample_texts, "sample_texts");
  Interruption interruption;
  const auto should_stop = [&] { return !interruption.allows(); };
  return interruption.run(
      [&] { return classifier.benchmark_performance(samples, num_iterations, should_stop); });
}

constexpr const char* kWarmUpDoc =
    R"(Compiles the kernels for every length of text and sizes every worker's buffers, so that the first
prediction afterwards is as fast as the hundredth; then predicts `sample_texts`. Ctrl-C stops it.)";

constexpr const char* kOptimizeDoc =
    R"(Prepares the model in the fastest precision of this device that keeps `label_agreement` of the labels,
where training measured it, or in the one that is named ("auto", "fp32", "bf16"; "int8" on the processor;
"tf32", "fp16" on a GPU).

The choice depends only on the device's features and the folder, so every process makes the same choice.
Compares the labels of `sample_texts` (default: built-in samples) before and after. Empties the cache when the
precision changes. Ctrl-C stops it.

Returns what it did: "device", "precision" (in use from now on), "previous_precision", "reason" (reason for
this precision, a sentence), "sample_texts" (texts predicted in both precisions), "label_agreement" (share
of them with an unchanged label), "largest_confidence_change" (of their first intents).)";

constexpr const char* kBenchmarkDoc =
    R"(Measures single, batch, streaming and cached prediction of `sample_texts` (default: built-in
samples), `num_iterations` calls each after a warm-up. The classifier's cache is not used. Ctrl-C stops it.

Returns "device", "precision", "threads" and "benchmarks": by name ("single_prediction", "batch_size_1",
"batch_size_4", "batch_size_8", "batch_size_16", "batch_size_32", "streaming", "cached") the figures
"throughput" (predictions a second), "mean_ms" (of one call), "p50_ms", "p95_ms", "p99_ms", and of the
time "tokenizer_share", the part the calling thread spent tokenising, and "encoder_share", the part the
busiest worker spent in the encoder; they may overlap while streaming.)";

constexpr const char* kGpuMemoryDoc =
    R"(Memory of the GPUs in use, all together, in units of 2**30 bytes; all keys are always there.

"gpu_available"; "device_name" ("CPU" without a GPU, "2 x NVIDIA H100" for two of a kind);
"total_memory_gb"; "allocated_memory_gb", in use by this process's models; "cached_memory_gb", kept by
this process for later use; "free_memory_gb", as reported by the driver, for all processes; infinity
without a GPU.)";

constexpr const char* kCacheStatsDoc =
    R"(Size and use of the prediction cache since its creation.

"cache_enabled"; "cache_size", predictions in it; "cache_limit", most predictions;
"cache_usage_percent", cache_size in percent of cache_limit; "hits"; "misses"; "evictions", predictions
replaced by newer ones; "memory_bytes", approximate size of the cached texts and answers.)";

}  // namespace

void add_performance_methods(nb::class_<Classifier>& classifier) {
  classifier
      .def("warm_up",
           &warm_up,
           nb::arg("sample_texts") = nb::none(),
           nb::sig("def warm_up(self, sample_texts: collections.abc.Iterable[str] | None = None) "
                   "-> None"),
           kWarmUpDoc)
      .def(
          "optimize_for_inference",
          [](Classifier& self, const std::string& precision, nb::handle sample_texts) {
            return to_dict(optimize(self, precision, sample_texts));
          },
          nb::arg("precision") = "auto",
          nb::arg("sample_texts") = nb::none(),
          nb::sig("def optimize_for_inference(self, precision: str = 'auto', "
                  "sample_texts: collections.abc.Iterable[str] | None = None) "
                  "-> dict[str, typing.Any]"),
          kOptimizeDoc)
      .def(
          "automatic_precision",
          [](const Classifier& self) {
            return precision_and_reason(self.native().automatic_precision());
          },
          nb::sig("def automatic_precision(self) -> tuple[str, str]"),
          R"(The precision that optimize_for_inference("auto") takes, and the reason, a sentence.)")
      .def(
          "benchmark_performance",
          [](const Classifier& self, nb::handle sample_texts, int num_iterations) {
            return to_dict(benchmark(self, sample_texts, num_iterations));
          },
          nb::arg("sample_texts") = nb::none(),
          nb::arg("num_iterations") = 100,
          nb::sig("def benchmark_performance(self, "
                  "sample_texts: collections.abc.Iterable[str] | None = None, "
                  "num_iterations: int = 100) -> dict[str, typing.Any]"),
          kBenchmarkDoc)
      .def(
          "get_gpu_memory_stats",
          [](const Classifier& self) { return to_dict(self.native().get_gpu_memory_stats()); },
          nb::sig("def get_gpu_memory_stats(self) -> dict[str, typing.Any]"),
          kGpuMemoryDoc)
      .def(
          "empty_gpu_cache",
          [](const Classifier& self) { self.native().empty_gpu_cache(); },
          "Returns memory kept for later use to the driver.")
      .def(
          "get_prediction_counters",
          [](const Classifier& self) { return to_dict(self.native().get_prediction_counters()); },
          nb::sig("def get_prediction_counters(self) -> dict[str, typing.Any]"),
          R"(What was predicted since the classifier was made, and what is queued.

texts and tokens: computed by the model. repeated_texts: answered with an equal text of the same call.
Cached answers are counted by get_cache_stats(). queued_tokens: of calls in progress.
max_queued_tokens: as in the constructor. tokens_per_second: of all workers together while at least one
runs the model in use; 0 before its first text.)")
      .def(
          "get_cache_stats",
          [](const Classifier& self) { return to_dict(self.native().get_cache_stats()); },
          nb::sig("def get_cache_stats(self) -> dict[str, typing.Any]"),
          kCacheStatsDoc)
      .def(
          "clear_cache",
          [](const Classifier& self) { self.native().clear_cache(); },
          "Removes every remembered prediction.");
}

}  // namespace fastintent::python
