#include "model/model_forward.h"

#include "model/classifier_head.h"
#include "model/encoder.h"

namespace fastintent {

Tensor model_forward(const Pass& pass, const PreparedModel& model, Activations& act) {
  act.prepare(pass.batch.tokens(), pass.batch.sequences());
  const Tensor hidden = encoder_forward(pass, model, act);
  return head_forward(pass, model, hidden, act);
}

}  // namespace fastintent
