#include "cuda/cuda_backend.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <new>
#include <string>

#include "cuda/kernels/activation.h"
#include "cuda/kernels/adamw.h"
#include "cuda/kernels/attention.h"
#include "cuda/kernels/cross_entropy.h"
#include "cuda/kernels/dropout.h"
#include "cuda/kernels/embed.h"
#include "cuda/kernels/layer_norm.h"
#include "cuda/kernels/pool.h"
#include "cuda/kernels/rotate.h"
#include "cuda/kernels/sums.h"
#include "cuda/linear.h"
#include "cuda/memory.h"
#include "cuda/recorded_passes.h"
#include "cuda/row_buckets.h"
#include "cuda/whole_model.h"
#include "cuda/workspace.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

using cuda::CudaWeight;

void require_device(int device) {
  const int count = cuda::device_count();
  if (device >= 0 && device < count) {
    return;
  }
  throw Error(ErrorCode::device_missing,
              count == 0
                  ? fmt::format("create_backend: expected a CUDA device, found none ({})",
                                cuda::why_no_device())
                  : fmt::format("create_backend: expected a CUDA device from 0 to {}, found {}",
                                count - 1,
                                device));
}

// A Buffer stores its address only; this class owns the memory.
class BufferMemory {
 public:
  Buffer allocate(int device, int64_t floats) {
    cuda::DeviceMemory memory = cuda::allocate(device, static_cast<size_t>(floats) * sizeof(float));
    auto* data = memory.as<float>();
    const std::lock_guard lock(mutex_);
    memory_.emplace(data, std::move(memory));
    return {data, floats, [](float* released, int64_t) { instance().release(released); }};
  }

  // Never destroyed: a classifier may be a global variable, which is destroyed after it.
  static BufferMemory& instance() {
    static BufferMemory& memory = *new BufferMemory;
    return memory;
  }

 private:
  void release(float* data) {
    cuda::DeviceMemory released;  // freed outside the lock
    const std::lock_guard lock(mutex_);
    const auto found = memory_.find(data);
    released = std::move(found->second);
    memory_.erase(found);
  }

  std::mutex mutex_;
  std::map<float*, cuda::DeviceMemory> memory_;
};

// Compute capabilities.
constexpr int kFirstTensorCores = 7;  // Volta: fp16
constexpr int kFirstBf16 = 8;         // Ampere: bf16 and tf32, too

constexpr WorkSizes kWorkSizes = {
    // Every product then occupies the 132 multiprocessors of an H100 with several waves of tiles:
    // one of [16384,768], the narrowest of BERT-base, has 768 tiles of 128 x 128.
    .forward_tokens = 16384,
    // As many as forward. A token of BERT-base keeps about 640 KB for backward, so a pass keeps 10
    // GB at most.
    .training_tokens = 16384,
    // A layer, forward and backward, is about 40 kernels, which take about 4 us each to launch: 2
    // ms for BERT-base, in which an H100 computes 2,000 tokens at half of its peak. From twice as
    // many tokens on, launches stay well ahead of the device.
    .recorded_tokens = 4096,
    // At most one padding token per eight tokens of 32 short texts, whose steps then have about
    // five sizes.
    .token_step = 64,
    // One worker uploads its batch and downloads its answers while the other's batch is computed.
    .prediction_workers = 2,
    // A step needs all of its gradients before the next begins: a second worker would only wait.
    .training_workers = 1,
};

DeviceTraits cuda_traits(int device) {
  const cuda::DeviceFacts facts = cuda::device_facts(device);
  DeviceTraits traits;
  traits.name = fmt::format("cuda:{} ({})", device, facts.name);
  traits.precisions = {{Precision::fp32}, {Precision::fp16}};
  if (facts.major >= kFirstBf16) {
    traits.precisions = {
        {Precision::fp32}, {Precision::tf32}, {Precision::fp16}, {Precision::bf16}};
  }
  if (facts.major >= kFirstTensorCores) {
    traits.fast = {{Precision::fp16,
                    "tensor cores multiply fp16 as fast as bf16, and it keeps three bits more"}};
  }
  // bf16 has the range of fp32: no gradient underflows, and the loss needs no scale.
  traits.training = traits.multiplies(Precision::bf16) ? Precision::bf16 : Precision::fp16;
  traits.work_sizes = kWorkSizes;
  // Each bucket of rows has its own algorithms.
  for (int64_t rows = cuda::kSmallestRowBucket; rows <= kWorkSizes.forward_tokens;
       rows = cuda::row_bucket(rows + 1)) {
    traits.row_buckets.push_back(rows);
  }
  traits.records_passes = true;
  traits.memory_space = device;
  traits.shares_host_memory = false;
  return traits;
}

// Operations on one GPU, in one stream: products by cuBLASLt (cuda/products.h), all others by our
// own kernels (cuda/kernels). Calls return before the device has done the work.
class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device) : workspace_(device), traits_(cuda_traits(device)) {}

  const DeviceTraits& traits() const override { return traits_; }
  void run_recorded(const PassShape& shape, const std::function<void()>& work) override {
    passes_.run(shape, work);
  }

  void synchronize() override { workspace_.synchronize(); }

 private:
  Buffer do_allocate(int64_t floats) override {
    Buffer buffer =
        BufferMemory::instance().allocate(workspace_.stream.device(), std::max<int64_t>(1, floats));
    workspace_.stream.clear(buffer.data(), static_cast<size_t>(floats) * sizeof(float));
    return buffer;
  }

  void do_upload(ConstTensor host, Tensor out) override { copy_rows(host, out); }
  void do_download(ConstTensor in, Tensor host) override {
    copy_rows(in, host);
    workspace_.synchronize();
  }
  void do_clear(Tensor out) override { cuda::clear(workspace_.stream, out); }

  void copy_rows(ConstTensor from, Tensor to) {
    workspace_.stream.copy_rows(from.data,
                                static_cast<size_t>(from.stride) * sizeof(float),
                                to.data,
                                static_cast<size_t>(to.stride) * sizeof(float),
                                static_cast<size_t>(from.columns) * sizeof(float),
                                static_cast<size_t>(from.rows));
  }

  std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                    Precision precision,
                                                    WeightUse use) override {
    return std::make_unique<CudaWeight>(workspace_, weight, precision, use);
  }

  void do_refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) override {
    CudaWeight::of(weight).refresh(workspace_, first, count);
  }

  void do_embed(const TokenInputs& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                Dropout dropout,
                Tensor out,
                const NormalizedRows& keep) override {
    cuda::embed(workspace_, tokens, tables, layer_norm, dropout, out, keep);
  }

  void do_linear(ConstTensor in,
                 const PreparedWeight& weight,
                 std::span<const float> bias,
                 Activation activation,
                 Tensor out,
                 Tensor pre_activation) override {
    cuda::linear(workspace_, in, CudaWeight::of(weight), bias, activation, out, pre_activation);
  }

  void do_gate(ConstTensor in, Activation activation, Tensor out) override {
    cuda::gate(workspace_, in, activation, out);
  }

  void do_rotate(Tensor rows,
                 std::span<const int32_t> positions,
                 std::span<const float> frequencies,
                 Rotation direction) override {
    cuda::rotate(workspace_, rows, positions, frequencies, direction);
  }

  void do_attention(const AttentionOperands& operands, Tensor out) override {
    cuda::attention(workspace_, operands, out);
  }

  void do_add_and_normalize(ConstTensor in,
                            ConstTensor residual,
                            const LayerNorm& layer_norm,
                            Dropout dropout,
                            Tensor out,
                            const NormalizedRows& keep,
                            Tensor sum) override {
    cuda::add_and_normalize(workspace_, in, residual, layer_norm, dropout, out, keep, sum);
  }

  void do_pool(ConstTensor hidden,
               std::span<const int32_t> starts,
               Pooling pooling,
               Tensor out) override {
    cuda::pool(workspace_, hidden, starts, pooling, out);
  }

  void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) override {
    cuda::apply_dropout(workspace_, in, dropout, out);
  }

  bool do_try_answer(const TokenInputs& tokens,
                     std::span<const int32_t> starts,
                     const PreparedEncoder& encoder,
                     const PreparedHead& head,
                     double temperature,
                     const Answers& answers) override {
    if (!cuda::WholeModel::supports(encoder, head)) {
      return false;
    }
    try {
      model_.answer(tokens, starts, encoder, head, temperature, answers);
      return true;
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::out_of_resources,
                  fmt::format("answer: expected device memory for {} tokens, found too little",
                              tokens.ids.size()));
    }
  }

  void do_softmax_cross_entropy(ConstTensor logits,
                                std::span<const int32_t> labels,
                                const CrossEntropy& options,
                                std::span<float> losses,
                                Tensor d_logits) override {
    cuda::softmax_cross_entropy(workspace_, logits, labels, options, losses, d_logits);
  }

  void do_embed_backward(const TokenInputs& tokens,
                         const NormalizedRows& kept,
                         std::span<const float> scale,
                         Dropout dropout,
                         Tensor d_out,
                         const EmbeddingGradient& gradient) override {
    cuda::embed_backward(workspace_, tokens, kept, scale, dropout, d_out, gradient);
  }

  void do_add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) override {
    cuda::add_rows(workspace_, d_rows, slots, d_table);
  }

  void do_linear_backward(ConstTensor in,
                          const PreparedWeight& weight,
                          Activation activation,
                          ConstTensor pre_activation,
                          Tensor d_out,
                          const LinearGradient& gradient) override {
    cuda::linear_backward(
        workspace_, in, CudaWeight::of(weight), activation, pre_activation, d_out, gradient);
  }

  void do_gate_backward(ConstTensor in,
                        Activation activation,
                        ConstTensor d_out,
                        Tensor d_in) override {
    cuda::gate_backward(workspace_, in, activation, d_out, d_in);
  }

  void do_attention_backward(const AttentionOperands& operands,
                             ConstTensor d_out,
                             const AttentionGradient& gradient) override {
    cuda::attention_backward(workspace_, operands, d_out, gradient);
  }

  void do_add_and_normalize_backward(const NormalizedRows& kept,
                                     std::span<const float> scale,
                                     Dropout dropout,
                                     ConstTensor d_out,
                                     Tensor d_in,
                                     Tensor d_residual,
                                     const NormGradient& gradient,
                                     ConstTensor d_sum) override {
    cuda::add_and_normalize_backward(
        workspace_, kept, scale, dropout, d_out, d_in, d_residual, gradient, d_sum);
  }

  void do_pool_backward(ConstTensor d_out,
                        std::span<const int32_t> starts,
                        Pooling pooling,
                        Write write,
                        Tensor d_hidden) override {
    cuda::pool_backward(workspace_, d_out, starts, pooling, write, d_hidden);
  }

  double do_sum_gradients(std::span<const std::span<const float>> parts,
                          std::span<float> out) override {
    return cuda::sum_gradients(workspace_, parts, out);
  }

  void do_adamw_step(std::span<const AdamwUpdate> updates) override {
    std::vector<cuda::AdamwTensor> tensors;
    for (const AdamwUpdate& update : updates) {
      cuda::AdamwTensor& tensor = tensors.emplace_back();
      tensor.state = update.state;
      tensor.gradient = update.gradient;
      tensor.rates = update.rates;
      if (update.weight == nullptr) {
        continue;
      }
      const CudaWeight& weight = CudaWeight::of(*update.weight);
      tensor.stored = weight.stored_row(update.first_row);
      tensor.factors = weight.factors();
    }
    cuda::adamw_step(workspace_, tensors);
  }

  void do_adamw_step_rows(const AdamwState& state,
                          std::span<const int32_t> rows,
                          ConstTensor gradient,
                          std::span<int32_t> last_steps,
                          std::span<const AdamwRates> rates) override {
    cuda::adamw_step_rows(workspace_, state, rows, gradient, last_steps, rates);
  }

  cuda::Workspace workspace_;
  cuda::WholeModel model_{workspace_};
  cuda::RecordedPasses passes_{workspace_};
  const DeviceTraits traits_;
};

}  // namespace

int cuda_device_count() {
  return cuda::device_count();
}

std::unique_ptr<Backend> create_cuda_backend(int device) {
  require_device(device);
  cuda::require_code_for(device);
  cuda::require_products();
  return std::make_unique<CudaBackend>(device);
}

GpuMemoryStats cuda_memory_stats(int device) {
  require_device(device);
  const cuda::DeviceMemoryFacts found = cuda::device_memory_facts(device);
  constexpr double kGigabyte = 1024.0 * 1024.0 * 1024.0;
  GpuMemoryStats stats;
  stats.gpu_available = true;
  stats.device_name = cuda::device_facts(device).name;
  stats.total_memory_gb = static_cast<double>(found.total) / kGigabyte;
  stats.allocated_memory_gb = static_cast<double>(found.allocated) / kGigabyte;
  stats.cached_memory_gb = static_cast<double>(found.cached) / kGigabyte;
  stats.free_memory_gb = static_cast<double>(found.free) / kGigabyte;
  return stats;
}

void empty_cuda_cache(int device) {
  require_device(device);
  cuda::trim_device_memory(device);
}

}  // namespace fastintent
