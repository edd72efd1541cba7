#include "cuda/kernels/convert.h"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

struct Same {
  __device__ float operator()(float in, float /*out*/, int64_t /*index*/) const { return in; }
};

template <class Value>
void convert_to(const Stream& stream, ConstTensor in, void* out) {
  const TensorView<Value> rows(static_cast<Value*>(out), in.rows, in.columns);
  transform(stream, in, rows, Same());
}

}  // namespace

void convert_rows(const Stream& stream, ConstTensor in, Factors factors, void* out) {
  if (factors == Factors::fp16) {
    convert_to<Half>(stream, in, out);
  } else {
    convert_to<Bfloat16>(stream, in, out);
  }
}

}  // namespace fastintent::cuda
