#include <cmath>

#include "reference/reference_operations.h"

namespace fastintent::reference {

// The angle is rounded to float, as every implementation computes it: between two positions the
// angles of high frequencies differ by far more.
void rotate(Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction) {
  const auto half = static_cast<int64_t>(frequencies.size());
  for (int64_t t = 0; t < rows.rows; ++t) {
    for (int64_t first = 0; first < rows.columns; first += 2 * half) {
      float* head = rows.row(t) + first;
      for (int64_t i = 0; i < half; ++i) {
        const double angle = static_cast<float>(positions[t]) * frequencies[i];
        const double cosine = std::cos(angle);
        const double sine = direction == Rotation::forward ? std::sin(angle) : -std::sin(angle);
        const double x = head[i];
        const double y = head[i + half];
        head[i] = static_cast<float>(x * cosine - y * sine);
        head[i + half] = static_cast<float>(y * cosine + x * sine);
      }
    }
  }
}

}  // namespace fastintent::reference
