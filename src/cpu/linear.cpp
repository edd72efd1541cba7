#include "cpu/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "cpu/kernels/activation.h"
#include "cpu/kernels/convert.h"
#include "cpu/kernels/factor_rows.h"
#include "cpu/kernels/gradients.h"
#include "cpu/panel_product.h"
#include "fastintent/error.h"

namespace fastintent::cpu {
namespace {

// Most rows of a forward product, chosen so that the result of MiniLM's widest layer is still in
// the L2 cache when its activation is applied. Each multiple of 16 up to this has its own kernel of
// about 80 KB, made when first used.
constexpr int64_t kForwardRows = 256;
// Most tokens of a backward product; weight gradients sum over them.
constexpr int64_t kGradientTokens = 512;

// Copies rows to `out` in `element`, without gaps.
void convert_dense(ConstTensor rows, Element element, void* out) {
  if (element == Element::bf16) {
    convert_to_bf16(rows, static_cast<uint16_t*>(out));
  } else {
    const Tensor dense(static_cast<float*>(out), rows.rows, rows.columns);
    element == Element::rounded_fp32 ? round_to_bf16(rows, dense) : copy_rows(rows, dense);
  }
}

// The element in which the library multiplies: rounded f32 values are ordinary f32 to it.
Element multiplied(Element element) {
  return element == Element::bf16 ? Element::bf16 : Element::fp32;
}

// A factor as the library requires it: dense, with zeroed filler rows up to a multiple of 16.
// Activation tensors own their filler rows, so the filler of a constant tensor may be cleared.
const void* dense_factor(ConstTensor rows, Element element, Scratch& scratch) {
  const int64_t filler = round_up_to_tile(rows.rows) - rows.rows;
  if (element == Element::fp32 && rows.stride == rows.columns) {
    std::fill_n(const_cast<float*>(rows.row(rows.rows)), filler * rows.columns, 0.0F);
    return rows.data;
  }
  auto* copy = reinterpret_cast<char*>(scratch.floats((rows.rows + filler) * rows.columns));
  convert_dense(rows, element, copy);
  std::memset(copy + rows.size() * bytes_of(element),
              0,
              static_cast<size_t>(filler * rows.columns * bytes_of(element)));
  return copy;
}

// Where to write a dense product: the tensor itself or, if its rows have gaps, scratch.
Tensor dense_result(Tensor out, Scratch& scratch) {
  if (out.stride == out.columns) {
    return out;
  }
  return {scratch.floats(round_up_to_tile(out.rows) * out.columns), out.rows, out.columns};
}

void write_rows(ConstTensor product, Write write, Tensor out) {
  write == Write::accumulate ? add_to(product, out) : copy_rows(product, out);
}

// Batch invariance (law 2): if results depend on the number of rows, that number is always the
// same.
int64_t forward_rows() {
  return matmul_rows_are_independent() ? kForwardRows : kRowTile;
}

}  // namespace

TrainingWeight::TrainingWeight(ConstTensor weight, Precision precision)
    : PreparedWeight(weight.rows, weight.columns),
      source_(weight),
      element_(element_of(precision)) {
  if (element_ == Element::fp32 && weight.contiguous()) {
    return;
  }
  dense_ = copy_.floats(weight.size());
  refresh(0, weight.rows);
}

const TrainingWeight& TrainingWeight::of(const PreparedWeight& weight) {
  if (const auto* found = dynamic_cast<const TrainingWeight*>(&weight)) {
    return *found;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("weight [{},{}]: expected one that the processor prepared for training, "
                          "found another",
                          weight.rows(),
                          weight.columns()));
}

TrainingWeight& TrainingWeight::of(PreparedWeight& weight) {
  return const_cast<TrainingWeight&>(of(std::as_const(weight)));
}

void TrainingWeight::refresh(int64_t first, int64_t count) {
  if (dense_ == nullptr) {
    return;
  }
  convert_dense(source_.row_slice(first, count),
                element_,
                reinterpret_cast<char*>(dense_) + first * columns() * bytes_of(element_));
}

void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) {
  TrainingWeight::of(weight).refresh(first, count);
}

void Linear::forward_packed(ConstTensor in,
                            const PanelWeight& weight,
                            std::span<const float> bias,
                            Activation activation,
                            Tensor out,
                            Tensor pre_activation) {
  Factor factor{weight.element(), nullptr, weight.layout().words()};
  factor.words = reinterpret_cast<uint32_t*>(left_.floats(in.rows * factor.row_words));
  factor.scales = scales_.floats(2 * in.rows);
  factor.zeros = factor.scales + in.rows;
  convert_rows(in, factor);
  const PanelRange all{0, weight.layout().panels()};
  if (pre_activation.empty()) {
    cpu::multiply(factor, weight, all, {bias, activation, {}}, out);
  } else {
    cpu::multiply(factor, weight, all, {bias, Activation::none, {}}, pre_activation);
    activate(pre_activation, activation, out);
  }
}

void Linear::forward(ConstTensor in,
                     const PreparedWeight& prepared,
                     std::span<const float> bias,
                     Activation activation,
                     Tensor out,
                     Tensor pre_activation) {
  if (const auto* packed = dynamic_cast<const PanelWeight*>(&prepared)) {
    return forward_packed(in, *packed, bias, activation, out, pre_activation);
  }
  const TrainingWeight& weight = TrainingWeight::of(prepared);
  const int64_t tile = forward_rows();
  for (int64_t first = 0; first < in.rows; first += tile) {
    const int64_t count = std::min(tile, in.rows - first);
    const Tensor out_rows = out.row_slice(first, count);
    const Tensor linear_rows =
        pre_activation.empty() ? out_rows : pre_activation.row_slice(first, count);
    const Tensor product = dense_result(linear_rows, result_);
    products_.multiply({.M = round_up_to_tile(count),
                        .K = weight.columns(),
                        .N = weight.rows(),
                        .element = multiplied(weight.element()),
                        .b = Layout::column_major,
                        .bias = !bias.empty()},
                       dense_factor(in.row_slice(first, count), weight.element(), left_),
                       weight.data(),
                       bias.data(),
                       product.data);
    if (!pre_activation.empty() && product.data != linear_rows.data) {
      copy_rows(product, linear_rows);
    }
    if (activation != Activation::none) {
      activate(product, activation, out_rows);
    } else if (product.data != out_rows.data) {
      copy_rows(product, out_rows);
    }
  }
}

void Linear::backward(ConstTensor in,
                      const PreparedWeight& prepared,
                      Activation activation,
                      ConstTensor pre_activation,
                      Tensor d_out,
                      const LinearGradient& gradient) {
  const TrainingWeight& weight = TrainingWeight::of(prepared);
  if (activation != Activation::none) {
    activate_backward(pre_activation, activation, d_out);
  }
  if (!gradient.d_bias.empty()) {
    sum_columns(d_out, gradient.write, gradient.d_bias);
  }
  if (in.rows == 0 && gradient.write == Write::overwrite) {
    clear_rows(gradient.d_weight);
  }
  for (int64_t first = 0; first < in.rows; first += kGradientTokens) {
    const int64_t count = std::min(kGradientTokens, in.rows - first);
    const void* d_rows = dense_factor(d_out.row_slice(first, count), weight.element(), left_);
    weight_gradient(in.row_slice(first, count),
                    d_rows,
                    weight,
                    gradient.d_weight,
                    first > 0 ? Write::accumulate : gradient.write);
    if (!gradient.d_in.empty()) {
      input_gradient(d_rows, weight, gradient.d_in.row_slice(first, count), gradient.in_write);
    }
  }
}

// d_weight [N,K] = d_outᵀ [N,T] · in [T,K]
void Linear::weight_gradient(
    ConstTensor in, const void* d_out, const TrainingWeight& weight, Tensor d_weight, Write write) {
  const Tensor product = dense_result(d_weight, result_);
  const bool in_place = product.data == d_weight.data;
  products_.multiply({.M = weight.rows(),
                      .K = round_up_to_tile(in.rows),
                      .N = weight.columns(),
                      .element = multiplied(weight.element()),
                      .a = Layout::column_major,
                      .accumulate = in_place && write == Write::accumulate},
                     d_out,
                     dense_factor(in, weight.element(), right_),
                     nullptr,
                     product.data);
  if (!in_place) {
    write_rows(product, write, d_weight);
  }
}

// d_in [T,K] = d_out [T,N] · weight [N,K]
void Linear::input_gradient(const void* d_out,
                            const TrainingWeight& weight,
                            Tensor d_in,
                            Write write) {
  const Tensor product = dense_result(d_in, result_);
  const bool in_place = product.data == d_in.data;
  products_.multiply({.M = round_up_to_tile(d_in.rows),
                      .K = weight.rows(),
                      .N = weight.columns(),
                      .element = multiplied(weight.element()),
                      .accumulate = in_place && write == Write::accumulate},
                     d_out,
                     weight.data(),
                     nullptr,
                     product.data);
  if (!in_place) {
    write_rows(product, write, d_in);
  }
}

}  // namespace fastintent::cpu
