#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

// How int8 quantises the factors of a product. It uses float arithmetic that every processor has,
// with ties to even, so that all devices arrive at the same steps and differ only in the rounding
// of sums.
namespace fastintent::reference {

/// Ranges up to this count as zero: their step is too small to divide by.
constexpr float kSmallestRange = 1e-30F;

/// Steps of a row of activations, 0 .. 255. The row's range, extended to include 0, is divided by
/// 255, and 0 is exactly one of the steps.
class ActivationSteps {
 public:
  ActivationSteps(const float* row, int64_t columns) {
    float low = 0;
    float high = 0;
    for (int64_t c = 0; c < columns; ++c) {
      low = std::min(low, row[c]);
      high = std::max(high, row[c]);
    }
    const float range = high - low;
    scale_ = range > kSmallestRange ? range / 255.0F : 1.0F;
    zero_ = std::nearbyint(-low / scale_);
  }

  /// Returns the value of the step that represents `value`.
  double rounded(float value) const {
    const float step = std::nearbyint(value * (1.0F / scale_)) + zero_;
    return double{scale_} * (std::clamp(step, 0.0F, 255.0F) - zero_);
  }

 private:
  float scale_ = 1;
  float zero_ = 0;
};

/// Returns the scale of a row of a weight [K], whose steps are -127 .. 127.
inline float weight_scale(const float* row, int64_t columns) {
  float most = 0;
  for (int64_t c = 0; c < columns; ++c) {
    most = std::max(most, std::abs(row[c]));
  }
  return most > kSmallestRange ? most / 127.0F : 1.0F;
}

inline float weight_step(float value, float scale) {
  return std::clamp(std::nearbyint(value * (1.0F / scale)), -127.0F, 127.0F);
}

}  // namespace fastintent::reference
