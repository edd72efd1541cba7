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
  if (!act.adds_to_input()) {
    backend.pool(act.residual, pass.batch.starts, Pooling::first_token, act.first_residual);
  }
  backend.linear(act.first_rows, *query.weight, query.bias, Activation::none, act.query);
  backend.linear(
      act.input, *key_value.weight, key_value.bias, Activation::none, act.query_key_value);
}

// Rotates queries and keys, or their gradients, by the positions of their tokens. The angles of first
// tokens are 0.
void rotate(const Pass& pass,
            const PreparedLayer& weights,
            const QueryKeyValue& rows,
            Rotation direction) {
  if (weights.frequencies.empty()) {
    return;
  }
  const std::span<const int32_t> positions = pass.batch.positions;
  pass.backend.rotate(rows.key, positions, weights.frequencies, direction);
  if (!weights.first_rows_only()) {
    pass.backend.rotate(rows.query, positions, weights.frequencies, direction);
  }
}

AttentionOperands operands_of(const Pass& pass,
                              const PreparedEncoder& encoder,
                              size_t layer,
                              const QueryKeyValue& rows,
                              std::span<const int32_t> sequence_numbers) {
  const PreparedLayer& weights = encoder.layers[layer];
  return {rows.query,
          rows.key,
          rows.value,
          spans_of(pass, weights, sequence_numbers),
          encoder.heads,
          pass.dropout.at(DropoutSite::attention, layer),
          encoder.distance_bias,
          weights.kind.window};
}

// The gradients of a layer's projections: of queries apart, or empty, and of the products beside.
struct ProductGradients {
  Tensor query;
  Tensor products;
};

// The gradient of what attention's output is added to.
Tensor& residual_gradient(const PreparedLayer& weights, GradientScratch& scratch) {
  return weights.kind.normalizes_before() ? scratch.sum : scratch.residual;
}

// Leaves the gradient of the input in scratch.hidden and, where sums are kept apart, that of the
// residual in scratch.sum. `scratch` has the gradient of the residual's rows that continue.
void project_backward(const Pass& pass,
                      const PreparedLayer& weights,
                      const LayerActivations& act,
                      const ProductGradients& d,
                      GradientScratch& scratch,
                      LayerWeights& gradients,
                      Write write) {
  Backend& backend = pass.backend;
  const std::span<const int32_t> starts = pass.batch.starts;
  const Tensor d_input = scratch.hidden.row_slice(0, act.input.rows);
  Tensor& residual_rows = residual_gradient(weights, scratch);
  // Where the residual is the input, its gradient is added to.
  const bool added = act.adds_to_input();
  const Write in_write = added ? Write::accumulate : Write::overwrite;
  const auto of_product = [&](ConstTensor in,
                              const PreparedLinear& linear,
                              Tensor d_product,
                              Tensor d_in,
                              Write d_in_write,
                              const LinearWeights& gradient) {
    backend.linear_backward(in,
                            *linear.weight,
                            Activation::none,
                            {},
                            d_product,
                            {d_in, d_in_write, gradient.weight, gradient.bias.flat(), write});
  };
  const LinearWeights& all = gradients.query_key_value;
  if (!weights.first_rows_only()) {
    const Tensor d_in = added ? residual_rows.row_slice(0, act.input.rows) : d_input;
    of_product(act.input, weights.query_key_value, d.products, d_in, in_write, all);
    if (added) {
      std::swap(scratch.hidden, residual_rows);
    }
    return;
  }
  const Tensor d_residual = residual_rows.row_slice(0, act.first_rows.rows);
  const Tensor d_first_rows =
      added ? d_residual : scratch.residual.row_slice(0, act.first_rows.rows);
  of_product(act.first_rows, weights.query, d.query, d_first_rows, in_write, query_rows(all));
  of_product(
      act.input, weights.key_value, d.products, d_input, Write::overwrite, key_value_rows(all));
  backend.pool_backward(d_first_rows, starts, Pooling::first_token, Write::accumulate, d_input);
  if (!added) {
    const Tensor d_sums = scratch.residual.row_slice(0, act.input.rows);
    backend.pool_backward(d_residual, starts, Pooling::first_token, Write::overwrite, d_sums);
    std::swap(scratch.sum, scratch.residual);
  }
}

}  // namespace

void attention_block(const Pass& pass,
                     const PreparedEncoder& encoder,
                     size_t layer,
                     LayerActivations& act,
                     std::span<const int32_t> sequence_numbers) {
  Backend& backend = pass.backend;
  const PreparedLayer& weights = encoder.layers[layer];
  const Tensor residual = weights.first_rows_only() ? act.first_residual : act.residual;
  const PreparedLinear& output = weights.attention_output;

  project(pass, weights, act);
  const QueryKeyValue rows = split(act.query, act.query_key_value, act.input.columns);
  rotate(pass, weights, rows, Rotation::forward);
  backend.attention(operands_of(pass, encoder, layer, rows, sequence_numbers), act.context);
  backend.linear(act.context, *output.weight, output.bias, Activation::none, act.projected);
  backend.add_and_normalize(act.projected,
                            residual,
                            weights.attention_norm,
                            pass.dropout.at(DropoutSite::attention_output, layer),
                            act.attention_out,
                            act.attention_normal,
                            weights.kind.normalizes_before() ? act.attention_sum : Tensor());
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
  const bool before = weights.kind.normalizes_before();
  const Tensor d_projected = scratch.branch.row_slice(0, R);
  const Tensor d_residual = residual_gradient(weights, scratch).row_slice(0, R);
  const Tensor d_context = d_out;  // d_out is read before d_context is written

  backend.add_and_normalize_backward(
      act.attention_normal,
      weights.attention_norm.scale,
      pass.dropout.at(DropoutSite::attention_output, layer),
      d_out,
      d_projected,
      d_residual,
      {gradients.attention_norm.scale.flat(), gradients.attention_norm.shift.flat(), write},
      before ? d_residual : Tensor());
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
  const QueryKeyValue rows = split(act.query, act.query_key_value, H);
  const QueryKeyValue d_rows = split(d_query_rows, d_products, H);
  backend.attention_backward(
      operands_of(pass, encoder, layer, rows, activations.sequence_numbers),
      d_context,
      {d_rows.query, d_rows.key, d_rows.value, encoder_gradients.distance_bias});
  rotate(pass, weights, d_rows, Rotation::backward);

  project_backward(pass, weights, act, {d_query_rows, d_products}, scratch, gradients, write);
}

}  // namespace fastintent
