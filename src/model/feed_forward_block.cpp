#include "model/feed_forward_block.h"

#include <utility>

namespace fastintent {
namespace {

// The activation of the first product; gates follow it.
Activation product_activation(const PreparedLayer& weights) {
  return weights.kind.is_gated() ? Activation::none : weights.kind.activation;
}

}  // namespace

void feed_forward_block(const Pass& pass,
                        const PreparedLayer& weights,
                        size_t layer,
                        LayerActivations& act) {
  Backend& backend = pass.backend;
  const PreparedLinear& intermediate = weights.intermediate;
  const PreparedLinear& output = weights.output;

  if (weights.kind.is_gated()) {
    backend.linear(act.attention_out,
                   *intermediate.weight,
                   intermediate.bias,
                   Activation::none,
                   act.pre_activation);
    backend.gate(act.pre_activation, weights.kind.activation, act.activated);
  } else {
    backend.linear(act.attention_out,
                   *intermediate.weight,
                   intermediate.bias,
                   weights.kind.activation,
                   act.activated,
                   act.pre_activation);
  }
  backend.linear(act.activated, *output.weight, output.bias, Activation::none, act.projected);
  backend.add_and_normalize(act.projected,
                            act.attention_sum,
                            weights.output_norm,
                            pass.dropout.at(DropoutSite::output, layer),
                            act.out,
                            act.output_normal,
                            weights.kind.normalizes_before() ? act.sum : Tensor());
}

void feed_forward_block_backward(const Pass& pass,
                                 const PreparedLayer& weights,
                                 size_t layer,
                                 const LayerActivations& act,
                                 GradientScratch& scratch,
                                 LayerWeights& gradients,
                                 Write write) {
  Backend& backend = pass.backend;
  const int64_t R = act.out.rows;
  const bool before = weights.kind.normalizes_before();
  const Tensor d_out = scratch.hidden.row_slice(0, R);
  const Tensor d_projected = scratch.branch.row_slice(0, R);
  const Tensor d_attention_sum = (before ? scratch.sum : scratch.residual).row_slice(0, R);
  const Tensor d_activated = scratch.intermediate.row_slice(0, R);

  backend.add_and_normalize_backward(
      act.output_normal,
      weights.output_norm.scale,
      pass.dropout.at(DropoutSite::output, layer),
      d_out,
      d_projected,
      d_attention_sum,
      {gradients.output_norm.scale.flat(), gradients.output_norm.shift.flat(), write},
      before ? d_attention_sum : Tensor());
  backend.linear_backward(act.activated,
                          *weights.output.weight,
                          Activation::none,
                          {},
                          d_projected,
                          {d_activated,
                           Write::overwrite,
                           gradients.output.weight,
                           gradients.output.bias.flat(),
                           write});
  Tensor d_inner = d_activated;
  if (weights.kind.is_gated()) {
    d_inner = scratch.gates.row_slice(0, R);
    backend.gate_backward(act.pre_activation, weights.kind.activation, d_activated, d_inner);
  }
  // Where the sum is the norm itself, its gradient already holds the residual branch; the
  // feed-forward's is added.
  backend.linear_backward(act.attention_out,
                          *weights.intermediate.weight,
                          product_activation(weights),
                          act.pre_activation,
                          d_inner,
                          {before ? d_out : d_attention_sum,
                           before ? Write::overwrite : Write::accumulate,
                           gradients.intermediate.weight,
                           gradients.intermediate.bias.flat(),
                           write});
  if (!before) {
    std::swap(scratch.hidden, scratch.residual);
  }
}

}  // namespace fastintent
