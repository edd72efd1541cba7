#include "cpu/kernels/layer_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/layer_norm.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/dropout-inl.h"
#include "cpu/kernels/layer_norm-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

void add_and_normalize_rows(ConstTensor in,
                            ConstTensor residual,
                            const LayerNorm& layer_norm,
                            const Dropout& dropout,
                            Tensor out,
                            const NormalizedRows& keep,
                            Tensor sums) {
  const FloatTag d;
  const DropoutLanes lanes(dropout);
  const int64_t H = in.columns;
  for (int64_t t = 0; t < in.rows; ++t) {
    const float* added = in.row(t);
    const float* kept = residual.empty() ? nullptr : residual.row(t);
    float* x = out.row(t);
    float* stored = sums.empty() ? nullptr : sums.row(t);
    auto sum = hn::Zero(d);
    for (int64_t h = 0; h < H; h += lanes_of(d)) {
      const int64_t count = H - h;
      auto value = load_some(d, added + h, count);
      if (lanes.active()) {
        value = hn::Mul(value, lanes.factors(d, static_cast<uint32_t>(t * H + h)));
      }
      if (kept != nullptr) {
        value = hn::Add(value, load_some(d, kept + h, count));
      }
      if (stored != nullptr) {
        store_some(value, d, stored + h, count);
      }
      store_some(value, d, x + h, count);
      sum = hn::Add(sum, value);
    }
    normalize_row(d, sum, layer_norm, out, keep, t);
  }
}

// With g = d_out · scale and n = normal, the gradient of the sum is
// inverse_deviation (g - mean(g) - n mean(g n)) + d_sum.
void add_and_normalize_backward_rows(const NormalizedRows& kept,
                                     std::span<const float> scale,
                                     const Dropout& dropout,
                                     ConstTensor d_out,
                                     Tensor d_in,
                                     Tensor d_residual,
                                     const NormGradient& norm,
                                     ConstTensor d_sum) {
  const FloatTag d;
  const DropoutLanes lanes(dropout);
  const int64_t H = d_out.columns;
  const float per_column = 1.0F / static_cast<float>(H);
  for (int64_t t = 0; t < d_out.rows; ++t) {
    const float* from = d_out.row(t);
    const float* normal = kept.normal.row(t);
    auto sum = hn::Zero(d);
    auto product_sum = hn::Zero(d);
    for (int64_t h = 0; h < H; h += lanes_of(d)) {
      const int64_t count = H - h;
      const auto gradient = load_some(d, from + h, count);
      const auto n = load_some(d, normal + h, count);
      float* to_scale = norm.d_scale.data() + h;
      float* to_shift = norm.d_shift.data() + h;
      store_some(hn::MulAdd(gradient, n, load_some(d, to_scale, count)), d, to_scale, count);
      store_some(hn::Add(gradient, load_some(d, to_shift, count)), d, to_shift, count);
      const auto g = hn::Mul(gradient, load_some(d, scale.data() + h, count));
      sum = hn::Add(sum, g);
      product_sum = hn::MulAdd(g, n, product_sum);
    }
    const auto mean = hn::Set(d, sum_of_lanes(d, sum) * per_column);
    const auto product_mean = hn::Set(d, sum_of_lanes(d, product_sum) * per_column);
    const auto factor = hn::Set(d, kept.inverse_deviation[static_cast<size_t>(t)]);
    const float* added = d_sum.empty() ? nullptr : d_sum.row(t);
    for (int64_t h = 0; h < H; h += lanes_of(d)) {
      const int64_t count = H - h;
      const auto g = hn::Mul(load_some(d, from + h, count), load_some(d, scale.data() + h, count));
      const auto n = load_some(d, normal + h, count);
      auto gradient = hn::Mul(factor, hn::NegMulAdd(n, product_mean, hn::Sub(g, mean)));
      if (added != nullptr) {
        gradient = hn::Add(gradient, load_some(d, added + h, count));
      }
      store_some(gradient, d, d_residual.row(t) + h, count);
      const auto through_dropout =
          lanes.active() ? hn::Mul(gradient, lanes.factors(d, static_cast<uint32_t>(t * H + h)))
                         : gradient;
      store_some(through_dropout, d, d_in.row(t) + h, count);
    }
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(add_and_normalize_rows);
HWY_EXPORT(add_and_normalize_backward_rows);

void add_and_normalize(ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum) {
  HWY_DYNAMIC_DISPATCH(add_and_normalize_rows)(in, residual, layer_norm, dropout, out, keep, sum);
}

void add_and_normalize_backward(const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum) {
  HWY_DYNAMIC_DISPATCH(add_and_normalize_backward_rows)
  (kept, scale, dropout, d_out, d_in, d_residual, gradient, d_sum);
}

}  // namespace fastintent::cpu
#endif
