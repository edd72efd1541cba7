#pragma once

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// From tokens to logits: sizes `act` for the batch, runs encoder and head, returns the logits
/// [S,C], act.head.logits.
Tensor model_forward(const Pass& pass, const PreparedModel& model, Activations& act);

}  // namespace fastintent
