#pragma once

#include <cstdint>
#include <span>

#include "compute/backend.h"

namespace fastintent::cpu {

/// One AdamW step of flat parameters.
void adamw_step(const AdamwState& state, std::span<const float> gradient, const AdamwRates& rates);

/// As Backend::adamw_step_rows.
void adamw_step_rows(const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates);

}  // namespace fastintent::cpu
