#pragma once

#include <cstdint>

namespace fastintent {

/// Share of the peak learning rate in step `step` (from 1) of `total`: rises linearly over the
/// first `warmup_share` of the steps, then falls linearly to zero, as in
/// get_linear_schedule_with_warmup of transformers.
double learning_rate_share(int64_t step, int64_t total, double warmup_share);

}  // namespace fastintent
