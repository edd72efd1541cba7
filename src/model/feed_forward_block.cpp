#include "model/feed_forward_block.h"

#include <utility>

namespace fastintent {

void feed_forward_block(const Pass& pass,
                        const PreparedLayer& weights,
                        size_t layer,
                        LayerActivations& act) {
  Backend& backend = pass.backend;
  const PreparedLinear& intermediate = weights.intermediate;
  const PreparedLinear& output = weights.output;

  backend.linear(act.attention_out,
                 *intermediate.weight,
                 intermediate.bias,
                 weights.kind.activation,
                 act.activated,
                 act.pre_activation);
  backend.linear(act.activated, *output.weight, output.bias, Activation::none, act.projected);
  backend.add_and_normalize(act.projected,
                            act.attention_out,
                            weights.output_norm,
                            pass.dropout.at(DropoutSite::output, layer),
                            act.out,
                            act.output_normal);
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
  const Tensor d_out = scratch.hidden.row_slice(0, R);
  const Tensor d_projected = scratch.branch.row_slice(0, R);
  const Tensor d_attention_out = scratch.residual.row_slice(0, R);
  const Tensor d_activated = scratch.intermediate.row_slice(0, R);

  backend.add_and_normalize_backward(
      act.output_normal,
      weights.output_norm.scale,
      pass.dropout.at(DropoutSite::output, layer),
      d_out,
      d_projected,
      d_attention_out,
      {gradients.output_norm.scale.flat(), gradients.output_norm.shift.flat(), write});
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
  // d_attention_out already holds the residual branch; accumulate the feed-forward's.
  backend.linear_backward(act.attention_out,
                          *weights.intermediate.weight,
                          weights.kind.activation,
                          act.pre_activation,
                          d_activated,
                          {d_attention_out,
                           Write::accumulate,
                           gradients.intermediate.weight,
                           gradients.intermediate.bias.flat(),
                           write});
  std::swap(scratch.hidden, scratch.residual);
}

}  // namespace fastintent
