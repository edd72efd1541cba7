#include "cuda/device_code.h"
#include "cuda/kernels/convert.h"

namespace fastintent::cuda {
namespace {

constexpr int kThreads = 256;

template <class Value>
__global__ void convert_kernel(ConstTensor in, Value* out) {
  const int64_t index = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (index >= in.size()) return;
  out[index] = from_float<Value>(in.row(index / in.columns)[index % in.columns]);
}

}  // namespace

void convert_rows(const Stream& stream, ConstTensor in, Factors factors, void* out) {
  const Launch shape{divide_up(in.size(), kThreads), kThreads};
  if (factors == Factors::fp16) {
    launch(stream, convert_kernel<Half>, shape, in, static_cast<Half*>(out));
  } else {
    launch(stream, convert_kernel<Bfloat16>, shape, in, static_cast<Bfloat16*>(out));
  }
}

}  // namespace fastintent::cuda
