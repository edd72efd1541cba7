#include "cuda/kernels/dropout.h"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

struct Drop {
  Dropout dropout;
  __device__ float operator()(float in, float /*out*/, int64_t index) const {
    const bool kept = dropout_keeps(dropout, static_cast<uint32_t>(index));
    return kept ? in / (1.0F - dropout.rate) : 0.0F;
  }
};

}  // namespace

void apply_dropout(Workspace& workspace, ConstTensor in, const Dropout& dropout, Tensor out) {
  transform(workspace.stream, in, out, Drop{dropout});
}

}  // namespace fastintent::cuda
