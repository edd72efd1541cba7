#include "model/classifier_head.h"

namespace fastintent {
namespace {

// Under first-token pooling the encoder has already reduced each sequence to one row.
bool pools_mean(const PreparedModel& model) {
  return model.head.pooling == Pooling::mean;
}

bool has_dense(const PreparedModel& model) {
  return model.head.dense.weight != nullptr;
}

bool has_norm(const PreparedModel& model) {
  return !model.head.dense_norm.scale.empty();
}

bool drops_before_dense(const PreparedModel& model) {
  return model.config.head_shape().dropout_before_dense;
}

}  // namespace

Tensor head_forward(const Pass& pass, const PreparedModel& model, Tensor hidden, Activations& act) {
  Backend& backend = pass.backend;
  HeadActivations& head = act.head;
  const Dropout dropout = pass.dropout.at(DropoutSite::head);

  if (pools_mean(model)) {
    backend.pool(hidden, pass.batch.starts, Pooling::mean, head.pooled);
  } else {
    head.pooled = hidden;
  }
  if (has_dense(model)) {
    if (drops_before_dense(model)) {
      // In place: no backward reads the last layer's output.
      backend.apply_dropout(head.pooled, pass.dropout.at(DropoutSite::pooled), head.pooled);
    }
    backend.linear(head.pooled,
                   *model.head.dense.weight,
                   model.head.dense.bias,
                   model.head.dense_activation,
                   head.dense,
                   head.pre_dense);
    if (has_norm(model)) {
      backend.add_and_normalize(
          head.dense, {}, model.head.dense_norm, {}, head.dense, head.dense_normal);
    }
    backend.apply_dropout(head.dense, dropout, head.dense);
  } else {
    backend.apply_dropout(head.pooled, dropout, head.dense);
  }
  backend.linear(head.dense,
                 *model.head.classifier.weight,
                 model.head.classifier.bias,
                 Activation::none,
                 head.logits);
  return head.logits;
}

void head_backward(const Pass& pass,
                   const PreparedModel& model,
                   Tensor d_logits,
                   Activations& act,
                   HeadWeights& gradients,
                   Write write) {
  Backend& backend = pass.backend;
  const HeadActivations& head = act.head;
  const bool dense = has_dense(model);
  const Tensor d_encoder = act.gradients.hidden;
  const Tensor d_first_rows = d_encoder.row_slice(0, head.pooled.rows);
  // The gradient of the pooled rows is written for mean pooling's backward, or directly for the
  // encoder.
  const Tensor d_pooled =
      pools_mean(model) ? act.gradients.residual.row_slice(0, head.pooled.rows) : d_first_rows;
  const Tensor d_features = dense ? act.gradients.head : d_pooled;

  backend.linear_backward(head.dense,
                          *model.head.classifier.weight,
                          Activation::none,
                          {},
                          d_logits,
                          {d_features,
                           Write::overwrite,
                           gradients.classifier.weight,
                           gradients.classifier.bias.flat(),
                           write});
  backend.apply_dropout(d_features, pass.dropout.at(DropoutSite::head), d_features);
  if (has_norm(model)) {
    backend.add_and_normalize_backward(
        head.dense_normal,
        model.head.dense_norm.scale,
        {},
        d_features,
        d_features,
        d_features,
        {gradients.norm.scale.flat(), gradients.norm.shift.flat(), write});
  }
  if (dense) {
    backend.linear_backward(
        head.pooled,
        *model.head.dense.weight,
        model.head.dense_activation,
        head.pre_dense,
        d_features,
        {d_pooled, Write::overwrite, gradients.dense.weight, gradients.dense.bias.flat(), write});
    if (drops_before_dense(model)) {
      backend.apply_dropout(d_pooled, pass.dropout.at(DropoutSite::pooled), d_pooled);
    }
  }
  if (pools_mean(model)) {
    backend.pool_backward(d_pooled, pass.batch.starts, Pooling::mean, Write::overwrite, d_encoder);
  }
}

}  // namespace fastintent
