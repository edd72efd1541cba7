#include "model/forward.h"

#include "model/classifier_head.h"
#include "model/encoder.h"
#include "model/rank_classes.h"

namespace fastintent {

Forward::Forward(Backend& backend, const PreparedModel& model)
    : backend_(backend), model_(model), activations_(backend, model.config, Keep::scratch) {}

Tensor Forward::encoded(const PackedBatch& batch, Team* team) {
  activations_.prepare_encoded(batch.tokens(), batch.sequences());
  if (backend_.try_encode(
          inputs_of(batch), batch.starts, model_.encoder, team, activations_.encoded)) {
    return activations_.encoded;
  }
  activations_.prepare(batch.tokens(), batch.sequences());
  return encoder_forward({backend_, batch, {}}, model_, activations_);
}

Tensor Forward::logits(const PackedBatch& batch, Team* team) {
  const Tensor hidden = encoded(batch, team);
  return head_forward({backend_, batch, {}}, model_, hidden, activations_);
}

void Forward::ranked(const PackedBatch& batch,
                     double temperature,
                     const Answers& answers,
                     Team* team) {
  if (backend_.try_answer(
          inputs_of(batch), batch.starts, model_.encoder, model_.head, temperature, answers)) {
    return;
  }
  const Tensor computed = logits(batch, team);
  Tensor host = answers.logits;
  if (host.empty()) {
    logits_.resize(static_cast<size_t>(computed.size()));
    host = {logits_.data(), computed.rows, computed.columns};
  }
  backend_.download(computed, host);
  backend_.synchronize();
  const auto row_of = [](const auto& rows, int64_t row) {
    return std::span(rows.row(row), static_cast<size_t>(rows.columns));
  };
  for (int64_t s = 0; s < answers.best.rows; ++s) {
    rank_classes(row_of(host, s), temperature, row_of(answers.best, s));
  }
}

Tensor composed_logits(const Pass& pass, const PreparedModel& model, Activations& act) {
  act.prepare(pass.batch.tokens(), pass.batch.sequences());
  const Tensor hidden = encoder_forward(pass, model, act);
  return head_forward(pass, model, hidden, act);
}

}  // namespace fastintent
