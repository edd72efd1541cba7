#pragma once

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// Second half of a layer: reads act.attention_out and act.attention_sum, writes act.out and
/// act.sum.
void feed_forward_block(const Pass& pass,
                        const PreparedLayer& weights,
                        size_t layer,
                        LayerActivations& act);

/// scratch.hidden holds the gradient of act.out in its first R rows, which becomes that of
/// act.attention_out. Under norms before the blocks, scratch.sum holds the gradient of act.sum, which
/// becomes that of act.attention_sum. Parameter gradients are written as `write` says.
void feed_forward_block_backward(const Pass& pass,
                                 const PreparedLayer& weights,
                                 size_t layer,
                                 const LayerActivations& act,
                                 GradientScratch& scratch,
                                 LayerWeights& gradients,
                                 Write write);

}  // namespace fastintent
