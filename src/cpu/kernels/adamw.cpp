#include "cpu/kernels/adamw.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/adamw.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

struct Lanes {
  FloatVector parameter, first, second;
};

// One step of compute/adamw_rates.h for a vector of parameters.
HWY_INLINE void step_lanes(FloatTag d, FloatVector raw, const AdamwRates& rates, Lanes& lanes) {
  const auto gradient = hn::Mul(raw, hn::Set(d, rates.gradient_scale));
  lanes.first = hn::MulAdd(
      hn::Set(d, rates.beta1), lanes.first, hn::Mul(hn::Set(d, 1.0F - rates.beta1), gradient));
  lanes.second = hn::MulAdd(hn::Set(d, rates.beta2),
                            lanes.second,
                            hn::Mul(hn::Mul(hn::Set(d, 1.0F - rates.beta2), gradient), gradient));
  const auto root = hn::MulAdd(
      hn::Sqrt(lanes.second), hn::Set(d, rates.root_correction), hn::Set(d, rates.epsilon));
  const auto decayed =
      hn::Mul(lanes.parameter, hn::Set(d, 1.0F - rates.learning_rate * rates.weight_decay));
  lanes.parameter =
      hn::Sub(decayed, hn::Div(hn::Mul(hn::Set(d, rates.step_size), lanes.first), root));
}

// Updates parameters [first, first + count): first the `missed` steps with gradient zero, then,
// unless `gradient` is null, the step `current`. Moments that are zero stay zero, so only the decay
// is applied; this is the state of most rows of a vocabulary.
HWY_INLINE void step_range(const AdamwState& state,
                           int64_t first,
                           int64_t count,
                           std::span<const AdamwRates> missed,
                           const float* gradient,
                           const AdamwRates* current) {
  const FloatTag d;
  float* parameters = state.parameters.data() + first;
  float* first_moment = state.first_moment.data() + first;
  float* second_moment = state.second_moment.data() + first;
  for (int64_t i = 0; i < count; i += lanes_of(d)) {
    const int64_t n = count - i;
    Lanes lanes{load_some(d, parameters + i, n),
                load_some(d, first_moment + i, n),
                load_some(d, second_moment + i, n)};
    if (!missed.empty()) {
      const auto moments = hn::Or(hn::Abs(lanes.first), lanes.second);
      if (hn::AllTrue(d, hn::Eq(moments, hn::Zero(d)))) {
        for (const AdamwRates& rates : missed) {
          const float decay = 1.0F - rates.learning_rate * rates.weight_decay;
          lanes.parameter = hn::Mul(lanes.parameter, hn::Set(d, decay));
        }
      } else {
        for (const AdamwRates& rates : missed) {
          step_lanes(d, hn::Zero(d), rates, lanes);
        }
      }
    }
    if (gradient != nullptr) {
      step_lanes(d, load_some(d, gradient + i, n), *current, lanes);
    }
    store_some(lanes.parameter, d, parameters + i, n);
    store_some(lanes.first, d, first_moment + i, n);
    store_some(lanes.second, d, second_moment + i, n);
  }
}

void adamw_step_flat(const AdamwState& state,
                     std::span<const float> gradient,
                     const AdamwRates& rates) {
  step_range(state, 0, static_cast<int64_t>(gradient.size()), {}, gradient.data(), &rates);
}

void adamw_step_row_list(const AdamwState& state,
                         std::span<const int32_t> rows,
                         ConstTensor gradient,
                         std::span<int32_t> last_steps,
                         std::span<const AdamwRates> rates) {
  const auto H = static_cast<int64_t>(state.parameters.size() / last_steps.size());
  const auto earlier = gradient.empty() ? rates : rates.first(rates.size() - 1);
  for (size_t u = 0; u < rows.size(); ++u) {
    int32_t& last_step = last_steps[static_cast<size_t>(rows[u])];
    const auto done = std::min(static_cast<size_t>(last_step), earlier.size());
    step_range(state,
               static_cast<int64_t>(rows[u]) * H,
               H,
               earlier.subspan(done),
               gradient.empty() ? nullptr : gradient.row(static_cast<int64_t>(u)),
               &rates.back());
    last_step = static_cast<int32_t>(rates.size());
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(adamw_step_flat);
HWY_EXPORT(adamw_step_row_list);

void adamw_step(const AdamwState& state, std::span<const float> gradient, const AdamwRates& rates) {
  HWY_DYNAMIC_DISPATCH(adamw_step_flat)(state, gradient, rates);
}

void adamw_step_rows(const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates) {
  HWY_DYNAMIC_DISPATCH(adamw_step_row_list)(state, rows, gradient, last_steps, rates);
}

}  // namespace fastintent::cpu
#endif
