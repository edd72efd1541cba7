#pragma once

#include <cstdint>

#include "cuda/kernels/attention_tiles.h"
#include "cuda/kernels/distance_bias.h"
#include "cuda/product.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// The inputs and outputs of tile_attention, all on the device; strides in values. The number of
/// tiles is there too, so that a captured graph can run with another number, up to most_tiles.
struct TileAttentionOperands {
  const void* q = nullptr;
  int64_t q_stride = 0;
  const void* k = nullptr;
  const void* v = nullptr;
  int64_t kv_stride = 0;
  const AttentionTile* tiles = nullptr;
  const int32_t* tile_count = nullptr;
  int64_t most_tiles = 0;
  int64_t longest_keys = 0;
  int64_t heads = 1;
  int64_t head_width = 0;
  DistanceBiasOnDevice distance_bias;
  void* out = nullptr;
  int64_t out_stride = 0;
};

/// Attention for inference, on rows stored as `factors` says:
///   out = softmax(q · kᵀ / sqrt(head width) + distance bias) · v
/// within each tile and head. Tiles have 1 to 16 queries and 1 to longest_keys keys. Rows are
/// aligned to 16 bytes. A row's result has the same bits whatever other tiles there are, and rows
/// outside a tile are not read. In 16 bits, products have f32 sums and probabilities are rounded to
/// 16 bits; bf16 needs compute capability 8.0.
void tile_attention(const Stream& stream, Factors factors, const TileAttentionOperands& operands);

}  // namespace fastintent::cuda
