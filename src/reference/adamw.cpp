#include <cmath>

#include "reference/reference_operations.h"

namespace fastintent::reference {
namespace {

// compute/adamw_rates.h for one parameter.
void step_parameter(const AdamwState& state, size_t i, double gradient, const AdamwRates& rates) {
  const double beta1 = rates.beta1;
  const double beta2 = rates.beta2;
  const double g = gradient * rates.gradient_scale;
  const double m = beta1 * state.first_moment[i] + (1 - beta1) * g;
  const double v = beta2 * state.second_moment[i] + (1 - beta2) * g * g;
  const double decayed =
      state.parameters[i] * (1.0 - static_cast<double>(rates.learning_rate) * rates.weight_decay);
  const double change =
      rates.step_size * m / (std::sqrt(v) * rates.root_correction + rates.epsilon);
  state.parameters[i] = static_cast<float>(decayed - change);
  state.first_moment[i] = static_cast<float>(m);
  state.second_moment[i] = static_cast<float>(v);
}

}  // namespace

double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out) {
  double squared_norm = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (const std::span<const float> part : parts) {
      sum += part[i];
    }
    out[i] = static_cast<float>(sum);
    squared_norm += static_cast<double>(out[i]) * out[i];
  }
  return squared_norm;
}

void adamw_step(std::span<const AdamwUpdate> updates) {
  for (const AdamwUpdate& update : updates) {
    for (size_t i = 0; i < update.gradient.size(); ++i) {
      step_parameter(update.state, i, update.gradient[i], update.rates);
    }
    if (update.weight != nullptr) {
      const auto count = static_cast<int64_t>(update.gradient.size());
      refresh_weight(*update.weight, update.first_row, count / update.weight->columns());
    }
  }
}

void adamw_step_rows(const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates) {
  const size_t H = state.parameters.size() / last_steps.size();
  const size_t missed_end = gradient.empty() ? rates.size() : rates.size() - 1;
  for (size_t u = 0; u < rows.size(); ++u) {
    const auto row = static_cast<size_t>(rows[u]);
    for (size_t h = 0; h < H; ++h) {
      for (auto step = static_cast<size_t>(last_steps[row]); step < missed_end; ++step) {
        step_parameter(state, row * H + h, 0.0, rates[step]);
      }
      if (!gradient.empty()) {
        step_parameter(state, row * H + h, gradient.row(static_cast<int64_t>(u))[h], rates.back());
      }
    }
    last_steps[row] = static_cast<int32_t>(rates.size());
  }
}

}  // namespace fastintent::reference
