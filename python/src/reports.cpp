#include "reports.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

namespace fastintent::python {
namespace {

nb::dict to_dict(const BenchmarkFigures& measured) {
  nb::dict figures;
  figures["throughput"] = measured.throughput;
  figures["mean_ms"] = measured.mean_ms;
  figures["p50_ms"] = measured.p50_ms;
  figures["p95_ms"] = measured.p95_ms;
  figures["p99_ms"] = measured.p99_ms;
  figures["tokenizer_share"] = measured.tokenizer_share;
  figures["encoder_share"] = measured.encoder_share;
  return figures;
}

}  // namespace

nb::dict to_dict(const CacheStats& stats) {
  nb::dict figures;
  figures["cache_enabled"] = stats.cache_enabled;
  figures["cache_size"] = stats.cache_size;
  figures["cache_limit"] = stats.cache_limit;
  figures["cache_usage_percent"] = stats.cache_usage_percent;
  figures["hits"] = stats.hits;
  figures["misses"] = stats.misses;
  figures["evictions"] = stats.evictions;
  figures["memory_bytes"] = stats.memory_bytes;
  return figures;
}

nb::dict to_dict(const PredictionCounters& counters) {
  nb::dict figures;
  figures["texts"] = counters.texts;
  figures["tokens"] = counters.tokens;
  figures["repeated_texts"] = counters.repeated_texts;
  figures["queued_tokens"] = counters.queued_tokens;
  figures["max_queued_tokens"] = counters.max_queued_tokens;
  figures["tokens_per_second"] = counters.tokens_per_second;
  return figures;
}

nb::dict to_dict(const GpuMemoryStats& stats) {
  nb::dict figures;
  figures["gpu_available"] = stats.gpu_available;
  figures["device_name"] = stats.device_name;
  figures["total_memory_gb"] = stats.total_memory_gb;
  figures["allocated_memory_gb"] = stats.allocated_memory_gb;
  figures["cached_memory_gb"] = stats.cached_memory_gb;
  figures["free_memory_gb"] = stats.free_memory_gb;
  return figures;
}

nb::dict to_dict(const OptimizationReport& report) {
  nb::dict figures;
  figures["device"] = report.device;
  figures["precision"] = precision_name(report.precision);
  figures["previous_precision"] = precision_name(report.previous_precision);
  figures["reason"] = report.reason;
  figures["sample_texts"] = report.sample_texts;
  figures["label_agreement"] = report.label_agreement;
  figures["largest_confidence_change"] = report.largest_confidence_change;
  return figures;
}

nb::dict to_dict(const PerformanceReport& report) {
  nb::dict figures;
  figures["device"] = report.device;
  figures["precision"] = precision_name(report.precision);
  figures["threads"] = report.threads;
  nb::dict benchmarks;
  for (const auto& [name, measured] : report.benchmarks) {
    benchmarks[nb::cast(name)] = to_dict(measured);
  }
  figures["benchmarks"] = benchmarks;
  return figures;
}

}  // namespace fastintent::python
