#pragma once

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// First half of a layer (Vaswani et al. 2017): reads act.input and act.residual, writes
/// act.attention_out and act.attention_sum.
void attention_block(const Pass& pass,
                     const PreparedEncoder& encoder,
                     size_t layer,
                     LayerActivations& act,
                     std::span<const int32_t> sequence_numbers);

/// d_out [R,H], the gradient of the block's output, is overwritten; activations.gradients.hidden
/// [T,H] becomes the gradient of its input. Under norms before the blocks, gradients.sum holds the
/// gradient of act.attention_sum, which becomes that of the residual. The layer's parameter
/// gradients are written as `write` says; that of the distance bias, which all layers share, is
/// added.
void attention_block_backward(const Pass& pass,
                              const PreparedEncoder& encoder,
                              size_t layer,
                              Activations& activations,
                              Tensor d_out,
                              EncoderWeights& gradients,
                              Write write);

}  // namespace fastintent
