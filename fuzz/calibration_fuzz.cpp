#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fastintent/error.h"
#include "model/calibration.h"

// Reads a fastintent.json; accepted values must be usable.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const Calibration calibration = parse_calibration(JsonDocument::parse(text, "fuzz"));
    const double threshold = calibration.review_threshold.value_or(0);
    const bool usable = std::isfinite(calibration.temperature) && calibration.temperature > 0 &&
                        threshold >= 0 && threshold <= 1;
    if (!usable) {
      std::abort();
    }
  } catch (const Error&) {
    // expected for bad input; anything else is a finding
  }
  return 0;
}
