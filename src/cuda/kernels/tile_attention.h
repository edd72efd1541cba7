#pragma once

#include <cstdint>

#include "cuda/kernels/attention_tiles.h"
#include "cuda/products.h"

namespace fastintent::cuda {

/// Attention for inference, on rows stored as `factors` says: out = softmax(q · kᵀ / sqrt(head
/// width)) · v within each tile and head. Everything lies on the device, also `*tile_count`, so
/// that a captured graph can run with another number of tiles, up to most_tiles. Tiles have 1 to 16
/// queries and 1 to longest_keys keys. Rows start on 16 bytes; strides in values. A row's result is
/// the same bits whatever other tiles there are, and rows outside a tile are not read. 16 bits:
/// products with f32 sums, probabilities rounded to 16 bits; bf16 needs compute capability 8.0.
void tile_attention(const Stream& stream,
                    Factors factors,
                    const void* q,
                    int64_t q_stride,
                    const void* k,
                    const void* v,
                    int64_t kv_stride,
                    const AttentionTile* tiles,
                    const int32_t* tile_count,
                    int64_t most_tiles,
                    int64_t longest_keys,
                    int64_t heads,
                    int64_t head_width,
                    void* out,
                    int64_t out_stride);

}  // namespace fastintent::cuda
