#include "cuda/kernels/encoder_rows.h"
#include "cuda/kernels/factor_types.cuh"
#include "cuda/kernels/normal_row.cuh"

// All of these are bound by memory: a value is read and written once, with about ten operations
// between. A row is processed by one warp in registers (no barrier, sums by shuffles); a normalised
// row wider than 1024 is processed by a block.
namespace fastintent::cuda {
namespace {

struct EmbeddingRows {
  TokenRows tokens;
  ConstTensor word;
  ConstTensor position;  // or empty
  ConstTensor segment;   // or empty
};

template <class Shape, class Value>
__global__ void embed_kernel(EmbeddingRows rows,
                             const int32_t* count,
                             Normalization normalization,
                             Value* out) {
  const int64_t t = team_index<Shape>();
  if (t >= *count) {
    return;
  }
  const int64_t H = rows.word.columns;
  const int thread = place_in_team<Shape>();
  auto row = load_part<Shape>(rows.word.row(rows.tokens.ids[t]), H, thread);
  if (!rows.position.empty()) {
    const auto position = load_part<Shape>(rows.position.row(rows.tokens.positions[t]), H, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] += position[i];
    }
  }
  if (!rows.segment.empty()) {
    const auto segment = load_part<Shape>(rows.segment.row(rows.tokens.segments[t]), H, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] += segment[i];
    }
  }
  normalize_row(row, t, H, normalization);
  store_part(row, out + t * H, H, thread);
}

template <class Shape, class Value>
__global__ void normalize_sums_kernel(const Value* in,
                                      const float* bias,
                                      const Value* residual,
                                      const int32_t* count,
                                      int64_t H,
                                      Normalization normalization,
                                      Value* out) {
  const int64_t t = team_index<Shape>();
  if (t >= *count) {
    return;
  }
  const int thread = place_in_team<Shape>();
  auto row = load_part<Shape>(in + t * H, H, thread);
  auto residuals = load_part<Shape>(residual + t * H, H, thread);
  if (bias != nullptr) {
    const auto biases = load_part<Shape>(bias, H, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      residuals[i] = biases[i] + residuals[i];
    }
  }
  for (int i = 0; i < Shape::kValues; ++i) {
    row[i] += residuals[i];
  }
  normalize_row(row, t, H, normalization);
  store_part(row, out + t * H, H, thread);
}

__device__ int64_t own_row() {
  return int64_t{blockIdx.x} * kRowBlockWarps + threadIdx.x / kWarp;
}

template <class Value>
__global__ void gather_kernel(
    const Value* in, const int32_t* indices, const int32_t* count, int64_t width, Value* out) {
  const int64_t row = own_row();
  if (row >= *count) {
    return;
  }
  const Value* from = in + indices[row] * width;
  for (int64_t column = threadIdx.x % kWarp; column < width; column += kWarp) {
    out[row * width + column] = from[column];
  }
}

Launch warp_for_each(int64_t rows) {
  return {divide_up(rows, kRowBlockWarps), kRowBlock};
}

}  // namespace

void embed_rows(const Stream& stream,
                Factors factors,
                const BucketRows& rows,
                const TokenRows& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                void* out) {
  with_factor_type(factors, [&]<class Value>(Value) {
    with_row_shape<true>(tables.word.columns, [&]<class Shape>(Shape) {
      launch(stream,
             embed_kernel<Shape, Value>,
             one_team_a_row<Shape>(rows.bucket),
             EmbeddingRows{tokens, tables.word, tables.position, tables.segment},
             rows.count,
             normalization_of(layer_norm, {}),
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
  const auto H = static_cast<int64_t>(layer_norm.scale.size());
  with_factor_type(factors, [&]<class Value>(Value) {
    with_row_shape<true>(H, [&]<class Shape>(Shape) {
      launch(stream,
             normalize_sums_kernel<Shape, Value>,
             one_team_a_row<Shape>(rows.bucket),
             static_cast<const Value*>(in),
             bias.data(),
             static_cast<const Value*>(residual),
             rows.count,
             H,
             normalization_of(layer_norm, {}),
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
  with_factor_type(factors, [&]<class Value>(Value) {
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

}  // namespace fastintent::cuda
