#include <cmath>
#include <cstdint>

#include "folder.h"
#include "model/calibration.h"

// Reads a fastintent.json; accepted values must be usable.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  fuzz::attempt([&] {
    const Calibration calibration =
        parse_calibration(JsonDocument::parse(fuzz::as_text(data, size), "fuzz"));
    const double threshold = calibration.review_threshold.value_or(0);
    const bool usable = std::isfinite(calibration.temperature) && calibration.temperature > 0 &&
                        threshold >= 0 && threshold <= 1;
    fuzz::require(usable);
  });
  return 0;
}
