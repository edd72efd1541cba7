#include <vector>

#include "reference/dropped.h"
#include "reference/layer_norm.h"
#include "reference/reference_operations.h"

namespace fastintent::reference {

void add_and_normalize(ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum) {
  const int64_t H = in.columns;
  std::vector<double> row(static_cast<size_t>(H));
  for (int64_t t = 0; t < in.rows; ++t) {
    for (int64_t h = 0; h < H; ++h) {
      row[h] = dropped(in.row(t)[h], dropout, element_index(t, H, h)) +
               (residual.empty() ? 0.0F : residual.row(t)[h]);
    }
    for (int64_t h = 0; !sum.empty() && h < H; ++h) {
      sum.row(t)[h] = static_cast<float>(row[h]);
    }
    normalize_row(row, layer_norm, t, keep);
    for (int64_t h = 0; h < H; ++h) {
      out.row(t)[h] = static_cast<float>(row[h]);
    }
  }
}

void add_and_normalize_backward(const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum) {
  const int64_t H = d_out.columns;
  Sums scale_sums(1, H);
  Sums shift_sums(1, H);
  std::vector<double> row(static_cast<size_t>(H));
  for (int64_t t = 0; t < d_out.rows; ++t) {
    row.assign(d_out.row(t), d_out.row(t) + H);
    normalize_row_backward(row, kept, scale, t, scale_sums, shift_sums);
    for (int64_t h = 0; h < H; ++h) {
      row[h] += d_sum.empty() ? 0.0F : d_sum.row(t)[h];
      d_residual.row(t)[h] = static_cast<float>(row[h]);
      d_in.row(t)[h] = static_cast<float>(dropped(row[h], dropout, element_index(t, H, h)));
    }
  }
  scale_sums.store(gradient.d_scale, gradient.write);
  if (!gradient.d_shift.empty()) {
    shift_sums.store(gradient.d_shift, gradient.write);
  }
}

void apply_dropout(ConstTensor in, const Dropout& dropout, Tensor out) {
  for (int64_t t = 0; t < in.rows; ++t) {
    for (int64_t h = 0; h < in.columns; ++h) {
      out.row(t)[h] =
          static_cast<float>(dropped(in.row(t)[h], dropout, element_index(t, in.columns, h)));
    }
  }
}

}  // namespace fastintent::reference
