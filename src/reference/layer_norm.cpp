#include "reference/layer_norm.h"

#include <cmath>

namespace fastintent::reference {

void normalize_row(std::vector<double>& row,
                   const LayerNorm& layer_norm,
                   int64_t t,
                   const NormalizedRows& keep) {
  const auto H = static_cast<double>(row.size());
  double mean = 0;
  for (const double value : row) {
    mean += value / H;
  }
  double variance = 0;
  for (const double value : row) {
    variance += (value - mean) * (value - mean) / H;
  }
  const double inverse_deviation =
      1.0 / std::sqrt(variance + static_cast<double>(layer_norm.epsilon));
  for (size_t h = 0; h < row.size(); ++h) {
    const double normal = (row[h] - mean) * inverse_deviation;
    if (!keep.normal.empty()) {
      keep.normal.row(t)[h] = static_cast<float>(normal);
    }
    row[h] = normal * layer_norm.scale[h] + (layer_norm.shift.empty() ? 0.0F : layer_norm.shift[h]);
  }
  if (!keep.normal.empty()) {
    keep.inverse_deviation[static_cast<size_t>(t)] = static_cast<float>(inverse_deviation);
  }
}

// With n the normal row and g = d_out · scale:
//   d_in = inverse_deviation · (g - mean(g) - n · mean(g · n))
void normalize_row_backward(std::vector<double>& row,
                            const NormalizedRows& kept,
                            std::span<const float> scale,
                            int64_t t,
                            Sums& d_scale,
                            Sums& d_shift) {
  const auto H = static_cast<double>(row.size());
  const float* normal = kept.normal.row(t);
  double mean_g = 0;
  double mean_gn = 0;
  for (size_t h = 0; h < row.size(); ++h) {
    d_scale.row(0)[h] += row[h] * normal[h];
    d_shift.row(0)[h] += row[h];
    row[h] *= scale[h];
    mean_g += row[h] / H;
    mean_gn += row[h] * normal[h] / H;
  }
  for (size_t h = 0; h < row.size(); ++h) {
    row[h] =
        kept.inverse_deviation[static_cast<size_t>(t)] * (row[h] - mean_g - normal[h] * mean_gn);
  }
}

}  // namespace fastintent::reference
