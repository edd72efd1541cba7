#include "cuda/kernels/activation.h"
#include "cuda/kernels/factor_types.cuh"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

constexpr float kHalfRoot = 0.70710678118654752F;          // 1 / sqrt(2)
constexpr float kNormalDensityAt0 = 0.39894228040143268F;  // 1 / sqrt(2 pi)

// Each struct has the activation and the derivative by which backward multiplies.

struct Gelu {
  static __device__ float share(float x) { return 0.5F * (1.0F + erff(x * kHalfRoot)); }
  static __device__ float value(float x) { return x * share(x); }
  static __device__ float slope(float x) {
    return share(x) + x * kNormalDensityAt0 * expf(-0.5F * x * x);
  }
};

struct Tanh {
  static __device__ float value(float x) { return tanhf(x); }
  static __device__ float slope(float x) {
    const float y = tanhf(x);
    return 1.0F - y * y;
  }
};

struct Relu {
  static __device__ float value(float x) { return x > 0.0F ? x : 0.0F; }
  static __device__ float slope(float x) { return x > 0.0F ? 1.0F : 0.0F; }
};

struct Identity {
  static __device__ float value(float x) { return x; }
  static __device__ float slope(float /*x*/) { return 1.0F; }
};

template <class Function>
struct Forward {
  __device__ float operator()(float in, float /*out*/, int64_t /*index*/) const {
    return Function::value(in);
  }
};

template <class Function>
struct Backward {
  __device__ float operator()(float pre_activation, float d_out, int64_t /*index*/) const {
    return d_out * Function::slope(pre_activation);
  }
};

template <class Function, class Value>
__global__ void activate_rows_kernel(const int32_t* count, int64_t width, Value* values) {
  const int64_t index = int64_t{blockIdx.x} * kTransformThreads + threadIdx.x;
  if (index < *count * width) {
    values[index] = from_float<Value>(Function::value(to_float(values[index])));
  }
}

template <class Run>
void with_function(Activation activation, const Run& run) {
  switch (activation) {
    case Activation::none:
      return run(Identity());
    case Activation::gelu:
      return run(Gelu());
    case Activation::tanh:
      return run(Tanh());
    case Activation::relu:
      return run(Relu());
  }
}

}  // namespace

void activate(Workspace& workspace, ConstTensor in, Activation activation, Tensor out) {
  with_function(activation, [&]<class Function>(Function) {
    transform(workspace.stream, in, out, Forward<Function>());
  });
}

void activate_backward(Workspace& workspace,
                       ConstTensor pre_activation,
                       Activation activation,
                       Tensor d_out) {
  with_function(activation, [&]<class Function>(Function) {
    transform(workspace.stream, pre_activation, d_out, Backward<Function>());
  });
}

void activate_rows(const Stream& stream,
                   Factors factors,
                   const BucketRows& rows,
                   Activation activation,
                   int64_t width,
                   void* values) {
  with_factor_type(factors, [&]<class Value>(Value) {
    with_function(activation, [&]<class Function>(Function) {
      launch(stream,
             activate_rows_kernel<Function, Value>,
             Launch{divide_up(rows.bucket * width, kTransformThreads), kTransformThreads},
             rows.count,
             width,
             static_cast<Value*>(values));
    });
  });
}

}  // namespace fastintent::cuda
