#include "model/encoder.h"

#include "model/attention_block.h"
#include "model/feed_forward_block.h"

namespace fastintent {

Tensor encoder_forward(const Pass& pass, const PreparedModel& model, Activations& act) {
  pass.backend.embed(inputs_of(pass.batch),
                     model.encoder.tables,
                     model.encoder.embedding_norm,
                     pass.dropout.at(DropoutSite::embedding),
                     act.embedded,
                     act.embedded_normal);
  if (model.encoder.projects_embeddings()) {
    const PreparedLinear& projection = model.encoder.embedding_projection;
    pass.backend.linear(
        act.embedded, *projection.weight, projection.bias, Activation::none, act.input);
  }
  for (size_t layer = 0; layer < model.encoder.layers.size(); ++layer) {
    attention_block(pass, model.encoder, layer, act.layers[layer], act.sequence_numbers);
    feed_forward_block(pass, model.encoder.layers[layer], layer, act.layers[layer]);
  }
  return act.layers.back().out;
}

void encoder_backward(const Pass& pass,
                      const PreparedModel& model,
                      Activations& act,
                      std::span<const int32_t> word_slots,
                      EncoderWeights& gradients,
                      Write write) {
  Backend& backend = pass.backend;
  GradientScratch& scratch = act.gradients;
  if (write == Write::overwrite && !gradients.distance_bias.empty()) {
    backend.clear(gradients.distance_bias);
  }
  if (!scratch.sum.empty()) {
    backend.clear(scratch.sum);  // nothing follows the last layer's sums but its norm
  }
  for (size_t layer = model.encoder.layers.size(); layer-- > 0;) {
    const LayerActivations& kept = act.layers[layer];
    const PreparedLayer& weights = model.encoder.layers[layer];
    feed_forward_block_backward(
        pass, weights, layer, kept, scratch, gradients.layers[layer], write);
    attention_block_backward(pass,
                             model.encoder,
                             layer,
                             act,
                             scratch.hidden.row_slice(0, kept.out.rows),
                             gradients,
                             write);
  }
  Tensor d_embedded = scratch.hidden;
  Tensor d_rows = scratch.branch;
  if (model.encoder.projects_embeddings()) {
    d_embedded = scratch.embedded;
    d_rows = scratch.embedded_rows;
    backend.linear_backward(act.embedded,
                            *model.encoder.embedding_projection.weight,
                            Activation::none,
                            {},
                            scratch.hidden,
                            {d_embedded,
                             Write::overwrite,
                             gradients.embedding_projection.weight,
                             gradients.embedding_projection.bias.flat(),
                             write});
  }
  backend.embed_backward(
      inputs_of(pass.batch),
      act.embedded_normal,
      model.encoder.embedding_norm.scale,
      pass.dropout.at(DropoutSite::embedding),
      d_embedded,
      {d_rows,
       gradients.position,
       gradients.segment,
       {gradients.embedding_norm.scale.flat(), gradients.embedding_norm.shift.flat(), write}});
  backend.add_rows(d_rows, word_slots, gradients.word);
}

}  // namespace fastintent
