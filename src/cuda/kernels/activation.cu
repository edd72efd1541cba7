#include "cuda/kernels/activation.h"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

constexpr float kHalfRoot = 0.70710678118654752F;          // 1 / sqrt(2)
constexpr float kNormalDensityAt0 = 0.39894228040143268F;  // 1 / sqrt(2 pi)

// Each with what backward multiplies by.

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

template <template <class> class Direction>
void apply(const Stream& stream, Activation activation, ConstTensor in, Tensor out) {
  switch (activation) {
    case Activation::none:
      return transform(stream, in, out, Direction<Identity>());
    case Activation::gelu:
      return transform(stream, in, out, Direction<Gelu>());
    case Activation::tanh:
      return transform(stream, in, out, Direction<Tanh>());
    case Activation::relu:
      return transform(stream, in, out, Direction<Relu>());
  }
}

}  // namespace

void activate(Workspace& workspace, ConstTensor in, Activation activation, Tensor out) {
  apply<Forward>(workspace.stream, activation, in, out);
}

void activate_backward(Workspace& workspace,
                       ConstTensor pre_activation,
                       Activation activation,
                       Tensor d_out) {
  apply<Backward>(workspace.stream, activation, pre_activation, d_out);
}

}  // namespace fastintent::cuda
