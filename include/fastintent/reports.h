#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// Size and use of the prediction cache since its creation; returned by get_cache_stats().
struct CacheStats {
  bool cache_enabled = false;      ///< whether predictions are remembered
  int64_t cache_size = 0;          ///< predictions in it
  int64_t cache_limit = 0;         ///< most predictions
  double cache_usage_percent = 0;  ///< cache_size in percent of cache_limit
  int64_t hits = 0;                ///< look-ups that found an answer
  int64_t misses = 0;              ///< look-ups that did not
  int64_t evictions = 0;           ///< predictions replaced by newer ones
  int64_t memory_bytes = 0;        ///< approximate size of the cached texts and answers
};

/// What a classifier has predicted since it was made, with all its models, and what is queued;
/// returned by get_prediction_counters(). Cached answers are counted by CacheStats.
struct PredictionCounters {
  int64_t texts = 0;           ///< answered by the model
  int64_t tokens = 0;          ///< of these texts
  int64_t repeated_texts = 0;  ///< answered with an equal text of the same call
  int64_t queued_tokens = 0;   ///< of calls in progress, of all classifiers with the same workers
  int64_t max_queued_tokens = 0;  ///< see ClassifierOptions; 0: no limit
  /// Of all workers together while at least one ran the model in use; 0 before its first text.
  double tokens_per_second = 0;
};

/// Total memory of the GPUs in use, in units of 2^30 bytes.
struct GpuMemoryStats {
  bool gpu_available = false;       ///< whether the classifier runs on a GPU
  std::string device_name = "CPU";  ///< the GPU's name; for two of a kind "2 x NVIDIA H100"
  double total_memory_gb = 0;       ///< sum over the GPUs
  double allocated_memory_gb = 0;   ///< in use by this process's models
  double cached_memory_gb = 0;      ///< kept by this process for later use
  /// As reported by the driver, for all processes; infinity without a GPU.
  double free_memory_gb = std::numeric_limits<double>::infinity();
};

/// The choice of optimize_for_inference(), and the results of its check.
struct OptimizationReport {
  std::string device;                              ///< "cpu (avx512)"
  Precision precision = Precision::fp32;           ///< in use from now on
  Precision previous_precision = Precision::fp32;  ///< before the call
  std::string reason;                              ///< reason for this precision, a sentence
  int64_t sample_texts = 0;                        ///< texts predicted in both precisions
  double label_agreement = 1;                      ///< share of them with an unchanged label
  float largest_confidence_change = 0;             ///< of their first intents
};

/// Latency and throughput of one way to call the classifier.
struct BenchmarkFigures {
  double throughput = 0;  ///< predictions per second
  double mean_ms = 0;     ///< of one call
  double p50_ms = 0;      ///< median
  double p95_ms = 0;      ///< 95th percentile
  double p99_ms = 0;      ///< 99th percentile
  /// Shares of the time in which the calling thread tokenised, and in which at least one worker ran
  /// the encoder; they overlap when batches are read ahead.
  double tokenizer_share = 0;
  double encoder_share = 0;  ///< see tokenizer_share
};

/// What benchmark_performance() measured.
struct PerformanceReport {
  std::string device;                     ///< "cpu (avx512)"
  Precision precision = Precision::fp32;  ///< in which matrices were multiplied
  int threads = 0;                        ///< number of workers
  /// "single_prediction", "batch_size_1", "…_4", "…_8", "…_16", "…_32", "streaming", "cached".
  std::vector<std::pair<std::string, BenchmarkFigures>> benchmarks;
};

}  // namespace fastintent
