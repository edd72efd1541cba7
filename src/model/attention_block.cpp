#include "model/attention_block.h"

#include <utility>

namespace fastintent {
namespace {

struct QueryKeyValue {
  Tensor query;
  Tensor key;
  Tensor value;
};

// The three projections: side by side in one product, or with separate queries.
QueryKeyValue split(Tensor query, Tensor products, int64_t H) {
  if (!query.empty()) {
    return {query, products.column_slice(0, H), products.column_slice(H, H)};
  }
  return {
      products.column_slice(0, H), products.column_slice(H, H), products.column_slice(2 * H, H)};
}

AttentionSpans spans_of(const Pass& pass,
                        const PreparedLayer& weights,
                        std::span<const int32_t> sequence_numbers) {
  const std::span<const int32_t> starts = pass.batch.starts;
  return {weights.first_rows_only() ? sequence_numbers : starts, starts};
}

void project(const Pass& pass, const PreparedLayer& weights, LayerActivations& act) {
  Backend& backend = pass.backend;
  if (!weights.first_rows_only()) {
    const PreparedLinear& all = weights.query_key_value;
    backend.linear(act.input, *all.weight, all.bias, Activation::none, act.query_key_value);
    return;
  }
  const PreparedLinear& query = weights.query;
  const PreparedLinear& key_value = weights.key_value;
  backend.pool(act.input, pass.batch.starts, Pooling::first_token, act.first_rows);
  backend.linear(act.first_rows, *query.weight, query.bias, Activation::none, act.query);
  backend.linear(
      act.input, *key_value.weight, key_value.bias, Activation::none, act.query_key_value);
}

}  // namespace

void attention_block(const Pass& pass,
                     const PreparedEncoder& encoder,
                     size_t layer,
                     LayerActivations& act,
                     std::span<const int32_t> sequence_numbers) {
  Backend& backend = pass.backend;
  const PreparedLayer& weights = encoder.layers[layer];
  const Tensor residual = weights.first_rows_only() ? act.first_rows : act.input;
  const PreparedLinear& output = weights.attention_output;

  project(pass, weights, act);
  const auto [query, key, value] = split(act.query, act.query_key_value, act.input.columns);
  backend.attention({query,
                     key,
                     value,
                     spans_of(pass, weights, sequence_numbers),
                     encoder.heads,
                     pass.dropout.at(DropoutSite::attention, layer),
                     encoder.distance_bias},
                    act.context);
  backend.linear(act.context, *output.weight, output.bias, Activation::none, act.projected);
  backend.add_and_normalize(act.projected,
                            residual,
                            weights.attention_norm,
                            pass.dropout.at(DropoutSite::attention_output, layer),
                            act.attention_out,
                            act.attention_normal);
}

void attention_block_backward(const Pass& pass,
                              const PreparedEncoder& encoder,
                              size_t layer,
                              Activations& activations,
                              Tensor d_out,
                              EncoderWeights& encoder_gradients,
                              Write write) {
  Backend& backend = pass.backend;
  const PreparedLayer& weights = encoder.layers[layer];
  LayerWeights& gradients = encoder_gradients.layers[layer];
  const LayerActivations& act = activations.layers[layer];
  GradientScratch& scratch = activations.gradients;
  const int64_t H = act.input.columns;
  const int64_t T = act.input.rows;
  const int64_t R = d_out.rows;
  const Tensor d_projected = scratch.branch.row_slice(0, R);
  const Tensor d_residual = scratch.residual.row_slice(0, R);
  const Tensor d_context = d_out;  // d_out is read before d_context is written
  const Tensor d_input = scratch.hidden.row_slice(0, T);

  backend.add_and_normalize_backward(
      act.attention_normal,
      weights.attention_norm.scale,
      pass.dropout.at(DropoutSite::attention_output, layer),
      d_out,
      d_projected,
      d_residual,
      {gradients.attention_norm.scale.flat(), gradients.attention_norm.shift.flat(), write});
  backend.linear_backward(act.context,
                          *weights.attention_output.weight,
                          Activation::none,
                          {},
                          d_projected,
                          {d_context,
                           Write::overwrite,
                           gradients.attention_output.weight,
                           gradients.attention_output.bias.flat(),
                           write});

  const bool apart = weights.first_rows_only();
  const Tensor d_query_rows = apart ? d_projected : Tensor{};  // no longer in use
  const Tensor d_products(scratch.query_key_value.data, T, apart ? 2 * H : 3 * H);
  const auto [query, key, value] = split(act.query, act.query_key_value, H);
  const auto [d_query, d_key, d_value] = split(d_query_rows, d_products, H);
  backend.attention_backward({query,
                              key,
                              value,
                              spans_of(pass, weights, activations.sequence_numbers),
                              encoder.heads,
                              pass.dropout.at(DropoutSite::attention, layer),
                              encoder.distance_bias},
                             d_context,
                             d_query,
                             d_key,
                             d_value,
                             encoder_gradients.distance_bias);

  const auto project_backward = [&](ConstTensor in,
                                    const PreparedLinear& linear,
                                    Tensor d_product,
                                    Tensor d_in,
                                    Write in_write,
                                    const LinearWeights& gradient) {
    backend.linear_backward(in,
                            *linear.weight,
                            Activation::none,
                            {},
                            d_product,
                            {d_in, in_write, gradient.weight, gradient.bias.flat(), write});
  };
  if (!apart) {
    // d_residual already holds the residual branch; accumulate the projections'.
    project_backward(act.input,
                     weights.query_key_value,
                     d_products,
                     d_residual,
                     Write::accumulate,
                     gradients.query_key_value);
    std::swap(scratch.hidden, scratch.residual);
    return;
  }
  const LinearWeights query_gradient = query_rows(gradients.query_key_value);
  const LinearWeights key_value_gradient = key_value_rows(gradients.query_key_value);
  project_backward(
      act.first_rows, weights.query, d_query, d_residual, Write::accumulate, query_gradient);
  project_backward(
      act.input, weights.key_value, d_products, d_input, Write::overwrite, key_value_gradient);
  backend.pool_backward(
      d_residual, pass.batch.starts, Pooling::first_token, Write::accumulate, d_input);
}

}  // namespace fastintent
