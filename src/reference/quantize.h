#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

// What int8 makes of the factors of a product. In float arithmetic that every processor has, ties
// to even, so that all devices come to the same steps and differ only in the rounding of sums.
namespace fastintent::reference {

/// Ranges up to this count as none: a step of theirs could not be divided by.
constexpr float kSmallestRange = 1e-30F;

/// Steps of a row of activations, 0 .. 255: its range, with 0 in it, is divided by 255 and 0 lies
/// on a step.
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

  /// The step's value that stands for `value`.
  double rounded(float value) const {
    const float step = std::nearbyint(value * (1.0F / scale_)) + zero_;
    return double{scale_} * (std::clamp(step, 0.0F, 255.0F) - zero_);
  }

 private:
  float scale_ = 1;
  float zero_ = 0;
};

/// Scale of a row of a weight [K], whose steps are -127 .. 127.
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
