#pragma once

#include <vector>

#include "compute/adamw_rates.h"
#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// One of the tensors that a step updates. If `stored` [size], of 16 bits, is not null, the new
/// parameters are also written there in the form that the products read.
struct AdamwTensor {
  AdamwState state;
  std::span<const float> gradient;
  AdamwRates rates;
  void* stored = nullptr;
  Factors factors = Factors::fp32;  // of `stored`
};

/// One step for all of them, in one kernel.
void adamw_step(Workspace& workspace, std::span<const AdamwTensor> tensors);

/// As Backend::adamw_step_rows. `last_steps` is host memory.
void adamw_step_rows(Workspace& workspace,
                     const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates);

}  // namespace fastintent::cuda
