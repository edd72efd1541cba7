#pragma once

#include "compute/dropout.h"
#include "compute/operands.h"
#include "cuda/workspace.h"

// Arguments as in compute/backend.h, checked.
namespace fastintent::cuda {

void embed(Workspace& workspace,
           const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           const Dropout& dropout,
           Tensor out,
           const NormalizedRows& keep);

void embed_backward(Workspace& workspace,
                    const TokenInputs& tokens,
                    const NormalizedRows& kept,
                    std::span<const float> scale,
                    const Dropout& dropout,
                    Tensor d_out,
                    const EmbeddingGradient& gradient);

/// Rows of one slot are added in an order that depends on t alone.
void add_rows(Workspace& workspace,
              ConstTensor d_rows,
              std::span<const int32_t> slots,
              Tensor d_table);

}  // namespace fastintent::cuda
