#pragma once

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// Pools the encoder's rows and classifies them. `hidden` is the result of encoder_forward. Returns
/// the logits [S,C], act.head.logits.
Tensor head_forward(const Pass& pass, const PreparedModel& model, Tensor hidden, Activations& act);

/// d_logits [S,C] is overwritten; act.gradients.hidden becomes the gradient of encoder_forward's
/// result. Parameter gradients are written as `write` says.
void head_backward(const Pass& pass,
                   const PreparedModel& model,
                   Tensor d_logits,
                   Activations& act,
                   HeadWeights& gradients,
                   Write write);

}  // namespace fastintent
