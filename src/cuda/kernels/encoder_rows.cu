#include "cuda/kernels/encoder_rows.h"

#include "cuda/kernels/factor_types.cuh"
#include "cuda/kernels/stored_row.cuh"

// Memory bounds them all: a value is read and written once, with some ten operations between. A
// warp has a row (no barrier, sums by shuffles), in registers up to 1024 wide: 32 floats a lane.
// Blocks are four warps, so that the 16 rows of a lone query spread over four multiprocessors.
namespace fastintent::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarp;
constexpr int kHeldValues = 32;  // of a lane

__device__ int64_t own_row() {
  return int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
}

struct EmbeddingRows {
  TokenRows tokens;
  ConstTensor word;
  ConstTensor position;
  ConstTensor segment;  // or empty
};

template <int kGroup, int kGroups, class Value>
__global__ void embed_kernel(const EmbeddingRows rows,
                             const int32_t* count,
                             NormParameters norm,
                             Value* out) {
  const int64_t row = own_row();
  if (row >= *count) return;
  const int64_t width = rows.word.columns;
  const float* word = rows.word.row(rows.tokens.ids[row]);
  const float* position = rows.position.row(rows.tokens.positions[row]);
  const float* segment =
      rows.segment.empty() ? nullptr : rows.segment.row(rows.tokens.segments[row]);
  const auto read = [=](int64_t column, float* sums) {
    float addend[kGroup];
    load_group<kGroup>(word + column, sums);
    load_group<kGroup>(position + column, addend);
    for (int i = 0; i < kGroup; ++i) sums[i] += addend[i];
    if (segment == nullptr) return;
    load_group<kGroup>(segment + column, addend);
    for (int i = 0; i < kGroup; ++i) sums[i] += addend[i];
  };
  normalize_row<kGroup, kGroups>(read, width, norm, out + row * width);
}

template <int kGroup, int kGroups, class Value>
__global__ void normalize_sums_kernel(const Value* in,
                                      const float* bias,
                                      const Value* residual,
                                      const int32_t* count,
                                      int64_t width,
                                      NormParameters norm,
                                      Value* out) {
  const int64_t row = own_row();
  if (row >= *count) return;
  const auto read = [=](int64_t column, float* sums) {
    float addend[kGroup];
    load_group<kGroup>(in + row * width + column, sums);
    load_group<kGroup>(bias + column, addend);
    for (int i = 0; i < kGroup; ++i) sums[i] += addend[i];
    load_group<kGroup>(residual + row * width + column, addend);
    for (int i = 0; i < kGroup; ++i) sums[i] += addend[i];
  };
  normalize_row<kGroup, kGroups>(read, width, norm, out + row * width);
}

template <class Value>
__global__ void gather_kernel(
    const Value* in, const int32_t* indices, const int32_t* count, int64_t width, Value* out) {
  const int64_t row = own_row();
  if (row >= *count) return;
  const Value* from = in + indices[row] * width;
  for (int64_t column = threadIdx.x % kWarp; column < width; column += kWarp)
    out[row * width + column] = from[column];
}

__global__ void gelu_kernel(const int32_t* count, int64_t width, float* values) {
  const int64_t index = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (index >= *count * width) return;
  constexpr float kInverseRootOfTwo = 0.70710678F;
  const float value = values[index];
  values[index] = 0.5F * value * (1.0F + erff(value * kInverseRootOfTwo));
}

template <class Value>
__global__ void as_floats_kernel(const Value* in, Tensor out) {
  const int64_t row = own_row();
  if (row >= out.rows) return;
  for (int64_t column = threadIdx.x % kWarp; column < out.columns; column += kWarp)
    out.row(row)[column] = to_float(in[row * out.columns + column]);
}

Launch warp_for_each(int64_t rows) {
  return {divide_up(rows, kWarps), kThreads};
}

NormParameters on_device(const LayerNorm& layer_norm) {
  return {layer_norm.scale.data(), layer_norm.shift.data(), layer_norm.epsilon};
}

// run(kGroup, kGroups) as constants: how a warp goes over rows of `width`.
template <class Value, class Run>
void with_groups(int64_t width, const Run& run) {
  constexpr int kGroup = static_cast<int>(kVectorBytes / sizeof(Value));
  const std::integral_constant<int, kGroup> group;
  if (width <= kHeldValues * kWarp) {
    run(group, std::integral_constant<int, kHeldValues / kGroup>());
  } else {
    run(group, std::integral_constant<int, 0>());
  }
}

}  // namespace

void embed_rows(const Stream& stream,
                Factors factors,
                const BucketRows& rows,
                const TokenRows& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                void* out) {
  with_factor_type(factors, [&](auto value) {
    using Value = decltype(value);
    with_groups<Value>(tables.word.columns, [&](auto group, auto groups) {
      launch(stream,
             embed_kernel<decltype(group)::value, decltype(groups)::value, Value>,
             warp_for_each(rows.bucket),
             EmbeddingRows{tokens, tables.word, tables.position, tables.segment},
             rows.count,
             on_device(layer_norm),
             static_cast<Value*>(out));
    });
  });
}

void normalize_sums(const Stream& stream,
                    Factors factors,
                    const BucketRows& rows,
                    const void* in,
                    std::span<const float> bias,
                    const void* residual,
                    const LayerNorm& layer_norm,
                    void* out) {
  const auto width = static_cast<int64_t>(layer_norm.scale.size());
  with_factor_type(factors, [&](auto value) {
    using Value = decltype(value);
    with_groups<Value>(width, [&](auto group, auto groups) {
      launch(stream,
             normalize_sums_kernel<decltype(group)::value, decltype(groups)::value, Value>,
             warp_for_each(rows.bucket),
             static_cast<const Value*>(in),
             bias.data(),
             static_cast<const Value*>(residual),
             rows.count,
             width,
             on_device(layer_norm),
             static_cast<Value*>(out));
    });
  });
}

void gather_rows(const Stream& stream,
                 Factors factors,
                 const BucketRows& rows,
                 const void* in,
                 const int32_t* indices,
                 int64_t width,
                 void* out) {
  with_factor_type(factors, [&](auto value) {
    using Value = decltype(value);
    launch(stream,
           gather_kernel<Value>,
           warp_for_each(rows.bucket),
           static_cast<const Value*>(in),
           indices,
           rows.count,
           width,
           static_cast<Value*>(out));
  });
}

void gelu_rows(const Stream& stream, const BucketRows& rows, int64_t width, float* values) {
  launch(stream,
         gelu_kernel,
         Launch{divide_up(rows.bucket * width, kThreads), kThreads},
         rows.count,
         width,
         values);
}

void rows_as_floats(const Stream& stream, Factors factors, const void* in, Tensor out) {
  with_factor_type(factors, [&](auto value) {
    using Value = decltype(value);
    launch(stream,
           as_floats_kernel<Value>,
           warp_for_each(out.rows),
           static_cast<const Value*>(in),
           out);
  });
}

}  // namespace fastintent::cuda
