#include "cuda/kernels/dropout.h"
#include "cuda/kernels/dropout_mask.cuh"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

struct Drop {
  DropoutOnDevice dropout;
  __device__ float operator()(float in, float /*out*/, int64_t index) const {
    return DropoutMask(dropout)(in, index);
  }
  auto parts() const { return dropout.parts(); }
};

}  // namespace

void apply_dropout(Workspace& workspace, ConstTensor in, const Dropout& dropout, Tensor out) {
  transform(workspace.stream, in, out, Drop{DropoutOnDevice(workspace, dropout)});
}

}  // namespace fastintent::cuda
