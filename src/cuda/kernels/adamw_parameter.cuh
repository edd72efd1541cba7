#pragma once

#include "compute/adamw_rates.h"
#include "cuda/device_code.h"

namespace fastintent::cuda {

/// A step of compute/adamw_rates.h for one parameter and its moments.
__device__ inline void step_parameter(
    const AdamwRates& rates, float gradient, float& parameter, float& m, float& v) {
  const float g = gradient * rates.gradient_scale;
  m = rates.beta1 * m + (1.0F - rates.beta1) * g;
  v = rates.beta2 * v + (1.0F - rates.beta2) * g * g;
  const float decayed = parameter * (1.0F - rates.learning_rate * rates.weight_decay);
  parameter = decayed - rates.step_size * m / (sqrtf(v) * rates.root_correction + rates.epsilon);
}

}  // namespace fastintent::cuda
