#include "cuda/device_code.h"
#include "cuda/kernels/cross_entropy.h"
#include "cuda/kernels/warp_sums.cuh"

namespace fastintent::cuda {
namespace {

// The logits of a step are a few hundred rows of as many classes, which fit into the L1 caches:
// launching the kernel takes longer than its work. One warp per row needs no barrier.
constexpr int kThreads = 128;
constexpr int kWarps = kThreads / kWarp;

// With smoothing e and weights w (null: all 1), the target of a row is e w_c / C, plus (1 - e) w_c
// at its label. Its loss is sum(target · -log p), and the gradient p · sum(target) - target. The
// normalizer is stored on the device, since it changes from step to step.
__global__ void cross_entropy_kernel(ConstTensor logits,
                                     const int32_t* labels,
                                     const float* weights,
                                     float smoothing,
                                     const float* inverse_normalizer,
                                     float* losses,
                                     Tensor d_logits) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t s = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (s >= logits.rows) {
    return;
  }
  const auto C = static_cast<int>(logits.columns);
  const float* row = logits.row(s);
  const int label = labels[s];
  if (label == kNoLabel) {
    if (lane == 0) {
      losses[s] = 0;
    }
    for (int c = lane; c < C; c += kWarp) {
      d_logits.row(s)[c] = 0;
    }
    return;
  }
  const float share = smoothing / static_cast<float>(C);

  float largest = row[0];
  for (int c = lane; c < C; c += kWarp) {
    largest = fmaxf(largest, row[c]);
  }
  largest = warp_max(largest);
  float sum = 0;
  for (int c = lane; c < C; c += kWarp) {
    sum += expf(row[c] - largest);
  }
  sum = warp_sum(sum);
  const float log_sum = logf(sum);

  const auto target_of = [&](int c) {
    const float weight = weights == nullptr ? 1.0F : weights[c];
    return ((c == label ? 1.0F - smoothing : 0.0F) + share) * weight;
  };
  float loss = 0;
  float targets = 0;
  for (int c = lane; c < C; c += kWarp) {
    const float target = target_of(c);
    targets += target;
    loss += target * (log_sum - (row[c] - largest));
  }
  loss = warp_sum(loss);
  targets = warp_sum(targets);
  if (lane == 0) {
    losses[s] = loss;
  }

  for (int c = lane; c < C; c += kWarp) {
    const float probability = expf(row[c] - largest) / sum;
    d_logits.row(s)[c] = (probability * targets - target_of(c)) * *inverse_normalizer;
  }
}

}  // namespace

void softmax_cross_entropy(Workspace& workspace,
                           ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits) {
  const auto inverse_normalizer = static_cast<float>(1 / options.normalizer);
  launch(
      workspace.stream,
      cross_entropy_kernel,
      Launch{divide_up(logits.rows, kWarps), kThreads},
      logits,
      workspace.arrays.on_device(labels),
      options.class_weights.empty() ? nullptr : workspace.arrays.on_device(options.class_weights),
      options.label_smoothing,
      workspace.arrays.on_device(std::span(&inverse_normalizer, 1)),
      losses.data(),
      d_logits);
}

}  // namespace fastintent::cuda
