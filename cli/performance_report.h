#pragma once

#include <string>

#include "fastintent/reports.h"
#include "json.h"

namespace fastintent::cli {

/// The lines that `bench` prints for one device and precision.
std::string performance_table(const PerformanceReport& report);

/// The same as a JSON object.
JsonObject to_json(const PerformanceReport& report);

}  // namespace fastintent::cli
