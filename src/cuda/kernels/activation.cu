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

// expf overflows to infinity for large negative values, and the result is then 0.
__device__ float sigmoid(float x) {
  return 1.0F / (1.0F + expf(-x));
}

// x in [-100, 100], for slopes: beyond, the sigmoids below are 0 or 1, and products with x would
// overflow. NaN stays NaN.
__device__ float limited(float x) {
  return x > 100.0F ? 100.0F : x < -100.0F ? -100.0F : x;
}

// The tanh form, x/2 (1 + tanh(z/2)), is x sigmoid(z) with z = x (kLinear + kCubic x²).
struct GeluTanh {
  static constexpr float kLinear = 1.5957691216057308F;  // 2 sqrt(2 / pi)
  static constexpr float kCubic = 0.044715F * kLinear;

  static __device__ float value(float x) { return x * sigmoid(x * (kLinear + kCubic * x * x)); }
  static __device__ float slope(float x) {
    x = limited(x);
    const float s = sigmoid(x * (kLinear + kCubic * x * x));
    return s + x * (kLinear + 3.0F * kCubic * x * x) * s * (1.0F - s);
  }
};

struct Silu {
  static __device__ float value(float x) { return x * sigmoid(x); }
  static __device__ float slope(float x) {
    const float s = sigmoid(x);
    return s + limited(x) * s * (1.0F - s);
  }
};

struct QuickGelu {
  static constexpr float kScale = 1.702F;

  static __device__ float value(float x) { return x * sigmoid(kScale * x); }
  static __device__ float slope(float x) {
    const float z = kScale * limited(x);
    const float s = sigmoid(z);
    return s + z * s * (1.0F - s);
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

// in = [a b], of which `width` columns are a.
template <class Function>
__global__ void gate_kernel(ConstTensor in, Tensor out) {
  const int64_t index = int64_t{blockIdx.x} * kTransformThreads + threadIdx.x;
  const int64_t row = index / out.columns;
  if (row < out.rows) {
    const float* a = in.row(row) + index % out.columns;
    out.row(row)[index % out.columns] = Function::value(*a) * a[out.columns];
  }
}

template <class Function>
__global__ void gate_backward_kernel(ConstTensor in, ConstTensor d_out, Tensor d_in) {
  const int64_t index = int64_t{blockIdx.x} * kTransformThreads + threadIdx.x;
  const int64_t row = index / d_out.columns;
  if (row < d_out.rows) {
    const int64_t column = index % d_out.columns;
    const float gradient = d_out.row(row)[column];
    const float* a = in.row(row) + column;
    float* d_a = d_in.row(row) + column;
    const float d_b = gradient * Function::value(*a);
    *d_a = gradient * a[d_out.columns] * Function::slope(*a);
    d_a[d_out.columns] = d_b;
  }
}

template <class Run>
void with_function(Activation activation, const Run& run) {
  switch (activation) {
    case Activation::none:
      return run(Identity());
    case Activation::gelu:
      return run(Gelu());
    case Activation::gelu_tanh:
      return run(GeluTanh());
    case Activation::relu:
      return run(Relu());
    case Activation::silu:
      return run(Silu());
    case Activation::quick_gelu:
      return run(QuickGelu());
    case Activation::tanh:
      return run(Tanh());
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

void gate(Workspace& workspace, ConstTensor in, Activation activation, Tensor out) {
  with_function(activation, [&]<class Function>(Function) {
    launch(workspace.stream,
           gate_kernel<Function>,
           Launch{divide_up(out.size(), kTransformThreads), kTransformThreads},
           in,
           out);
  });
}

void gate_backward(
    Workspace& workspace, ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in) {
  with_function(activation, [&]<class Function>(Function) {
    launch(workspace.stream,
           gate_backward_kernel<Function>,
           Launch{divide_up(d_out.size(), kTransformThreads), kTransformThreads},
           in,
           d_out,
           d_in);
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
