#pragma once

#include <cstdint>

#include "compute/operands.h"
#include "cuda/kernels/bucket_rows.h"
#include "cuda/product.h"
#include "cuda/runtime.h"

// The encoder's operations on rows between its products. Rows are consecutive and stored like the
// factors of products (`Factors`; f32 for fp32 and tf32); all arithmetic is f32. Widths are
// multiples of 8, and all addresses are aligned to 16 bytes.
namespace fastintent::cuda {

/// A token's row of each table, on the device.
struct TokenRows {
  const int32_t* ids = nullptr;
  const int32_t* positions = nullptr;
  const int32_t* segments = nullptr;
};

/// out = layer_norm(word[id] + position[p] + segment[s]).   out [rows,H]
void embed_rows(const Stream& stream,
                Factors factors,
                const BucketRows& rows,
                const TokenRows& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                void* out);

/// out = layer_norm(in + bias + residual); `out` is different from both.
/// bias [H] or empty, all others [rows,H]
void normalize_sums(const Stream& stream,
                    Factors factors,
                    const BucketRows& rows,
                    const void* in,
                    std::span<const float> bias,
                    const void* residual,
                    const LayerNorm& layer_norm,
                    void* out);

/// out[r] = in[indices[r]].   out [rows,width]
void gather_rows(const Stream& stream,
                 Factors factors,
                 const BucketRows& rows,
                 const void* in,
                 const int32_t* indices,
                 int64_t width,
                 void* out);

}  // namespace fastintent::cuda
