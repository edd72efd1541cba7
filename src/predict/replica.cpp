#include "predict/replica.h"

#include <utility>

#include "model/model_forward.h"

namespace fastintent {

Replica::Replica(std::unique_ptr<Backend> backend, std::shared_ptr<const PreparedModel> model)
    : backend_(std::move(backend)),
      model_(std::move(model)),
      activations_(*backend_, model_->config, Keep::scratch) {}

void Replica::run(const PackedBatch& batch, std::span<float> logits) {
  const Pass pass{*backend_, batch, {}};
  const Tensor out = model_forward(pass, *model_, activations_);
  backend_->download(out, Tensor(logits.data(), out.rows, out.columns));
  backend_->synchronize();
}

}  // namespace fastintent
