#pragma once

#include <span>

#include "model/activations.h"
#include "model/pass.h"
#include "model/prepared_model.h"

namespace fastintent {

/// Runs embeddings and all layers, operation by operation; act.prepare() must have been called for
/// this batch. Returns the rows that the head pools: [T,H], or under first-token pooling [S,H], the
/// first row of each sequence.
Tensor encoder_forward(const Pass& pass, const PreparedModel& model, Activations& act);

/// Backward of the last encoder_forward with Keep::everything. act.gradients.hidden holds the
/// gradient of the result of encoder_forward. `gradients` is written as `write` says; its word
/// table is compact: token t adds to row word_slots[t] (always added, the caller zeroes it).
void encoder_backward(const Pass& pass,
                      const PreparedModel& model,
                      Activations& act,
                      std::span<const int32_t> word_slots,
                      EncoderWeights& gradients,
                      Write write);

}  // namespace fastintent
