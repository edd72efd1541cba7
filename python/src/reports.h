#pragma once

#include <nanobind/nanobind.h>

#include "fastintent/reports.h"

namespace fastintent::python {

namespace nb = nanobind;

/// The reports of the classifier, as dictionaries with the names of the header.
nb::dict to_dict(const CacheStats& stats);
nb::dict to_dict(const PredictionCounters& counters);
nb::dict to_dict(const GpuMemoryStats& stats);
nb::dict to_dict(const OptimizationReport& report);
nb::dict to_dict(const PerformanceReport& report);

}  // namespace fastintent::python
