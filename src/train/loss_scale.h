#pragma once

#include <cstdint>

namespace fastintent {

/// Dynamic loss scaling (Micikevicius et al. 2018, "Mixed precision training"): the loss, and so
/// every gradient, is multiplied by a power of two, so that small gradients do not vanish in fp16.
/// If a gradient overflows, the step is repeated with half the scale.
class LossScale {
 public:
  /// Without scaling (always 1) unless `dynamic`.
  explicit LossScale(bool dynamic) : dynamic_(dynamic), value_(dynamic ? kFirst : 1) {}

  double value() const { return value_; }
  /// Steps since the last change of the scale, and number of repeated steps; saved with the value.
  int64_t good_steps() const { return good_steps_; }
  int64_t overflows() const { return overflows_; }
  void restore(double value, int64_t good_steps, int64_t overflows) {
    value_ = value;
    good_steps_ = good_steps;
    overflows_ = overflows;
  }

  /// Halves the scale if a step with a non-finite gradient may be repeated; returns whether it may.
  bool try_smaller() {
    if (!dynamic_ || value_ <= kSmallest) {
      return false;
    }
    value_ /= 2;
    good_steps_ = 0;
    ++overflows_;
    return true;
  }

  void step_is_done() {
    if (!dynamic_ || ++good_steps_ < kGrowthInterval) {
      return;
    }
    good_steps_ = 0;
    value_ *= 2;
  }

 private:
  /// torch.amp.GradScaler's.
  static constexpr double kFirst = 65536;
  static constexpr int64_t kGrowthInterval = 2000;
  /// Gradients that overflow without scaling belong to a run that has diverged.
  static constexpr double kSmallest = 1;

  bool dynamic_;
  double value_;
  int64_t good_steps_ = 0;
  int64_t overflows_ = 0;
};

}  // namespace fastintent
