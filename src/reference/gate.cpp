#include "reference/reference_operations.h"

namespace fastintent::reference {

void gate(ConstTensor in, Activation activation, Tensor out) {
  const int64_t I = out.columns;
  for (int64_t t = 0; t < out.rows; ++t) {
    const float* a = in.row(t);
    const float* b = a + I;
    for (int64_t i = 0; i < I; ++i) {
      out.row(t)[i] = static_cast<float>(activate(activation, a[i]) * b[i]);
    }
  }
}

void gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in) {
  const int64_t I = d_out.columns;
  for (int64_t t = 0; t < d_out.rows; ++t) {
    const float* a = in.row(t);
    const float* b = a + I;
    const float* gradient = d_out.row(t);
    float* d_a = d_in.row(t);
    float* d_b = d_a + I;
    for (int64_t i = 0; i < I; ++i) {
      d_a[i] = static_cast<float>(gradient[i] * b[i] * derivative(activation, a[i]));
      d_b[i] = static_cast<float>(gradient[i] * activate(activation, a[i]));
    }
  }
}

}  // namespace fastintent::reference
