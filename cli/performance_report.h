#pragma once

#include <string>

#include "base/json_writer.h"
#include "fastintent/reports.h"

namespace fastintent::cli {

/// The lines that `bench` prints for one device and precision.
std::string performance_table(const PerformanceReport& report);

/// The same as a JSON object.
void write_json(JsonWriter& out, const PerformanceReport& report);

}  // namespace fastintent::cli
