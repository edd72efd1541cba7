#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

/// out = layer_norm(word + position + segment), as Backend::embed before its dropout.
void embed(const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           Tensor out,
           const NormalizedRows& keep);

}  // namespace fastintent::cpu
