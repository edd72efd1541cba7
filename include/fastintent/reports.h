#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// The prediction cache, as it is and as it was used since it was made. get_cache_stats() gives it.
struct CacheStats {
  bool cache_enabled = false;      ///< whether predictions are remembered
  int64_t cache_size = 0;          ///< predictions in it
  int64_t cache_limit = 0;         ///< most predictions
  double cache_usage_percent = 0;  ///< size of limit
  int64_t hits = 0;                ///< look-ups that found an answer
  int64_t misses = 0;              ///< look-ups that did not
  int64_t evictions = 0;           ///< predictions that made room for newer ones
  int64_t memory_bytes = 0;        ///< about what the cache holds, texts and answers
};

/// Memory of the GPUs in use, all together, in units of 2^30 bytes.
struct GpuMemoryStats {
  bool gpu_available = false;       ///< whether the classifier runs on a GPU
  std::string device_name = "CPU";  ///< the GPU's name; of two alike "2 x NVIDIA H100"
  double total_memory_gb = 0;       ///< of the GPUs, all together
  double allocated_memory_gb = 0;   ///< in use by this process's models
  double cached_memory_gb = 0;      ///< kept by this process for later use
  /// As the driver tells it, for all processes; infinity without a GPU.
  double free_memory_gb = std::numeric_limits<double>::infinity();
};

/// What optimize_for_inference() chose, and how it checked it.
struct OptimizationReport {
  std::string device;                              ///< "cpu (avx512)"
  Precision precision = Precision::fp32;           ///< in use from now on
  Precision previous_precision = Precision::fp32;  ///< before the call
  std::string reason;                              ///< why this precision, a sentence
  int64_t sample_texts = 0;                        ///< texts that both precisions labelled
  double label_agreement = 1;                      ///< share of them that kept their label
  float largest_confidence_change = 0;             ///< of their first intents
};

/// Latency and throughput of one way to call the classifier.
struct BenchmarkFigures {
  double throughput = 0;  ///< predictions a second
  double mean_ms = 0;     ///< of one call
  double p50_ms = 0;      ///< median
  double p95_ms = 0;      ///< 95th percentile
  double p99_ms = 0;      ///< 99th percentile
  /// Parts of the time in which the calling thread tokenised, and in which at least one worker ran
  /// the encoder; they overlap where batches are read ahead.
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
