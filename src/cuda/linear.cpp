#include "cuda/linear.h"

#include "cuda/kernels/activation.h"
#include "cuda/kernels/convert.h"
#include "cuda/kernels/sums.h"
#include "cuda/memory.h"

namespace fastintent::cuda {
namespace {

// One side of a product.
struct Side {
  const void* data = nullptr;
  int64_t stride = 0;
};

Side side(const CudaWeight& weight) {
  return {weight.data(), weight.stride()};
}

// A tensor as `factors`, in `scratch` if it has to be converted. A gradient that fp16 cannot
// represent becomes infinite, and so does the norm, by which the trainer detects it.
Side side(const Stream& stream, ConstTensor tensor, Factors factors, Scratch& scratch) {
  if (!in_16_bits(factors)) {
    return {tensor.data, tensor.stride};
  }
  void* converted = scratch.of<uint16_t>(tensor.size());
  convert_rows(stream, tensor, factors, converted);
  return {converted, tensor.columns};
}

ProductOperands operands(const Side& left, const Side& right, Tensor out) {
  ProductOperands operands;
  operands.left = left.data;
  operands.left_stride = left.stride;
  operands.right = right.data;
  operands.right_stride = right.stride;
  operands.out = out.data;
  operands.out_stride = out.stride;
  return operands;
}

// d_in = d_out · weight
void multiply_d_in(Products& products,
                   Factors factors,
                   const Side& d_out,
                   const Side& weight,
                   Tensor d_in,
                   int64_t N,
                   Write write) {
  Product product;
  product.factors = factors;
  product.result = Result::fp32;
  product.accumulate = write == Write::accumulate;
  products.multiply(product, {d_in.rows, d_in.columns, N}, operands(d_out, weight, d_in));
}

// d_weight = d_outᵀ · in
void multiply_d_weight(Products& products,
                       Factors factors,
                       const Side& d_out,
                       const Side& in,
                       Tensor d_weight,
                       int64_t T,
                       Write write) {
  Product product;
  product.factors = factors;
  product.transpose_left = true;
  product.result = Result::fp32;
  product.accumulate = write == Write::accumulate;
  products.multiply(product, {d_weight.rows, d_weight.columns, T}, operands(d_out, in, d_weight));
}

}  // namespace

void multiply_rows(Workspace& workspace,
                   int64_t rows,
                   const void* in,
                   const CudaWeight& weight,
                   Epilogue epilogue,
                   const void* bias,
                   Result result,
                   void* out) {
  Product product;
  product.factors = weight.factors();
  product.transpose_right = true;
  product.epilogue = epilogue;
  product.result = result;
  ProductOperands at;
  at.left = in;
  at.left_stride = weight.columns();
  at.right = weight.data();
  at.right_stride = weight.stride();
  at.bias = bias;
  at.out = out;
  at.out_stride = weight.rows();
  workspace.products.multiply(product, {rows, weight.rows(), weight.columns()}, at);
}

void linear(Workspace& workspace,
            ConstTensor in,
            const CudaWeight& weight,
            std::span<const float> bias,
            Activation activation,
            Tensor out,
            Tensor pre_activation) {
  const Tensor sums = pre_activation.empty() ? out : pre_activation;
  Product product;
  product.factors = weight.factors();
  product.transpose_right = true;
  product.epilogue = bias.empty() ? Epilogue::none : Epilogue::bias;
  product.result = Result::fp32;
  const Side left = side(workspace.stream, in, weight.factors(), workspace.converted);
  ProductOperands at = operands(left, side(weight), sums);
  at.bias = bias.data();
  workspace.products.multiply(product, {in.rows, weight.rows(), weight.columns()}, at);
  if (activation != Activation::none || !pre_activation.empty()) {
    activate(workspace, sums, activation, out);
  }
}

void linear_backward(Workspace& workspace,
                     ConstTensor in,
                     const CudaWeight& weight,
                     Activation activation,
                     ConstTensor pre_activation,
                     Tensor d_out,
                     const LinearGradient& gradient) {
  if (in.rows == 0) {
    // A product cannot sum over zero rows; a result that is overwritten becomes zero.
    if (gradient.write == Write::accumulate) {
      return;
    }
    clear(workspace.stream, gradient.d_weight);
    if (!gradient.d_bias.empty()) {
      workspace.stream.clear(gradient.d_bias.data(), gradient.d_bias.size_bytes());
    }
    return;
  }
  if (activation != Activation::none) {
    activate_backward(workspace, pre_activation, activation, d_out);
  }
  if (!gradient.d_bias.empty()) {
    sum_columns(workspace, d_out, gradient.write, gradient.d_bias);
  }
  const Factors factors = weight.factors();
  Products& products = workspace.products;
  const Side d_out_side = side(workspace.stream, d_out, factors, workspace.converted);
  if (!gradient.d_in.empty()) {
    multiply_d_in(products,
                  factors,
                  d_out_side,
                  side(weight),
                  gradient.d_in,
                  weight.rows(),
                  gradient.in_write);
  }
  const Side in_side = side(workspace.stream, in, factors, workspace.other_converted);
  multiply_d_weight(
      products, factors, d_out_side, in_side, gradient.d_weight, in.rows, gradient.write);
}

}  // namespace fastintent::cuda
