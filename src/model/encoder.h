#pragma once

#include <span>

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// Runs embeddings and all layers, operation by operation; act.prepare() has been called for this batch. Returns the rows
/// the head pools: [T,H], or [S,H], the first row of each sequence, under first-token pooling.
Tensor encoder_forward(const Pass& pass, const PreparedModel& model, Activations& act);

/// Backward of the last encoder_forward with Keep::everything. act.gradients.hidden holds the
/// gradient of what forward returned. `gradients` is written as `write` says; its word table is
/// compact: token t adds to row word_slots[t] (always added, the caller zeroes it).
void encoder_backward(const Pass& pass,
                      const PreparedModel& model,
                      Activations& act,
                      std::span<const int32_t> word_slots,
                      EncoderWeights& gradients,
                      Write write);

}  // namespace fastintent
