#pragma once

#include <cstdint>
#include <vector>

#include "compute/backend.h"

namespace fastintent {

/// The resolved settings of a fit: values left open in TrainingOptions have their defaults here.
struct FitSettings {
  int epochs = 0;
  int64_t batch_size = 0;
  double learning_rate = 0;
  double head_learning_rate = 0;
  double weight_decay = 0;
  double warmup_share = 0;
  double gradient_clip = 0;
  double layer_decay = 1;
  float label_smoothing = 0;
  float hidden_dropout = 0;
  float attention_dropout = 0;
  float head_dropout = 0;
  std::vector<float> class_weights;  // [C], or empty
  uint64_t seed = 0;
  int patience = 0;
  Precision precision = Precision::fp32;
};

/// Share of the peak learning rate in step `step` (from 1) of `total`: rises linearly over the
/// first `warmup_share` of the steps, then falls linearly to zero, as in
/// get_linear_schedule_with_warmup of transformers.
double learning_rate_share(int64_t step, int64_t total, double warmup_share);

}  // namespace fastintent
