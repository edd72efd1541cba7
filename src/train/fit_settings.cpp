#include "train/fit_settings.h"

#include <algorithm>
#include <cmath>

namespace fastintent {

double learning_rate_share(int64_t step, int64_t total, double warmup_share) {
  const auto done = static_cast<double>(step - 1);
  const auto all = static_cast<double>(total);
  const double warmup = std::ceil(all * warmup_share);
  if (done < warmup) {
    return done / std::max(1.0, warmup);
  }
  return std::max(0.0, (all - done) / std::max(1.0, all - warmup));
}

}  // namespace fastintent
