#include "cpu/linear.h"

#include <algorithm>
#include <cstring>

#include "cpu/kernels/activation.h"
#include "cpu/kernels/convert.h"
#include "cpu/kernels/gradients.h"
#include "fastintent/error.h"

namespace fastintent::cpu {
namespace {

// Most rows of a forward product: with a packed weight, what leaves the result of MiniLM's widest
// layer in the L2 cache for its activation; with a plain one, which the library packs anew at each
// call, more. Each multiple of 16 below has a kernel of its own, made when first used, of about
// 80 KB.
constexpr int64_t kPackedTileRows = 128;
constexpr int64_t kPlainTileRows = 256;
// Most tokens of a product of the backward; weight gradients sum over them.
constexpr int64_t kGradientTokens = 512;

// Where the processor cannot multiply bf16, its values are kept in f32: the same product, as f32
// holds every bf16 and sums are f32 either way.
Element element_of(Precision precision) {
  return precision == Precision::bf16 && matmul_has_bf16() ? Element::bf16 : Element::fp32;
}

int64_t bytes_of(int64_t elements, Precision precision) {
  return elements * (element_of(precision) == Element::bf16 ? 2 : 4);
}

// Copies rows, without gaps, in the elements of `precision`.
void convert_rows(ConstTensor rows, Precision precision, void* out) {
  if (element_of(precision) == Element::bf16) {
    convert_to_bf16(rows, static_cast<uint16_t*>(out));
  } else {
    const Tensor dense(static_cast<float*>(out), rows.rows, rows.columns);
    precision == Precision::bf16 ? round_to_bf16(rows, dense) : copy_rows(rows, dense);
  }
}

// A factor as the library takes it: dense, with filler rows of zeros up to a multiple of 16.
// Activation tensors own their filler rows, so clearing those of a constant tensor is allowed.
const void* dense_factor(ConstTensor rows, Precision precision, Scratch& scratch) {
  const int64_t filler = round_up_to_tile(rows.rows) - rows.rows;
  if (precision == Precision::fp32 && rows.stride == rows.columns) {
    std::fill_n(const_cast<float*>(rows.row(rows.rows)), filler * rows.columns, 0.0F);
    return rows.data;
  }
  auto* copy = reinterpret_cast<char*>(scratch.floats((rows.rows + filler) * rows.columns));
  convert_rows(rows, precision, copy);
  std::memset(copy + bytes_of(rows.size(), precision),
              0,
              static_cast<size_t>(bytes_of(filler * rows.columns, precision)));
  return copy;
}

// A place for a dense product: the tensor itself or, when its rows are apart, scratch.
Tensor dense_result(Tensor out, Scratch& scratch) {
  if (out.stride == out.columns) return out;
  return {scratch.floats(round_up_to_tile(out.rows) * out.columns), out.rows, out.columns};
}

void write_rows(ConstTensor product, Write write, Tensor out) {
  write == Write::accumulate ? add_to(product, out) : copy_rows(product, out);
}

// Batch invariance (law 2): where results depend on the number of rows, it is always the same.
int64_t forward_tile_rows(const CpuWeight& weight) {
  if (!matmul_rows_are_independent()) return kRowTile;
  return weight.packed() ? kPackedTileRows : kPlainTileRows;
}

}  // namespace

CpuWeight::CpuWeight(ConstTensor weight, Precision precision, WeightUse use)
    : PreparedWeight(weight.rows, weight.columns), source_(weight), precision_(precision) {
  if (precision == Precision::bf16 || !weight.contiguous()) {
    dense_ = copy_.floats(weight.size());
    refresh(0, weight.rows);
  }
  if (use == WeightUse::inference) {
    packed_ = pack_matrix(data(), weight.columns, weight.rows, element_of(precision));
    copy_ = {};
    dense_ = nullptr;
    source_ = {};
  }
}

void CpuWeight::refresh(int64_t first, int64_t count) {
  if (packed()) {
    throw Error(ErrorCode::invalid_argument,
                "refresh_weight: expected a weight for training, found one for inference");
  }
  if (dense_ == nullptr) return;
  convert_rows(source_.row_slice(first, count),
               precision_,
               reinterpret_cast<char*>(dense_) + bytes_of(first * columns(), precision_));
}

const void* CpuWeight::data() const {
  if (packed()) return packed_.get();
  return dense_ != nullptr ? dense_ : source_.data;
}

void Linear::forward(ConstTensor in,
                     const CpuWeight& weight,
                     std::span<const float> bias,
                     Activation activation,
                     Tensor out,
                     Tensor pre_activation) {
  const int64_t tile = forward_tile_rows(weight);
  for (int64_t first = 0; first < in.rows; first += tile) {
    const int64_t count = std::min(tile, in.rows - first);
    const Tensor out_rows = out.row_slice(first, count);
    const Tensor linear_rows =
        pre_activation.empty() ? out_rows : pre_activation.row_slice(first, count);
    const Tensor product = dense_result(linear_rows, result_);
    products_.multiply({.M = round_up_to_tile(count),
                        .K = weight.columns(),
                        .N = weight.rows(),
                        .element = element_of(weight.precision()),
                        .b = weight.packed() ? Layout::packed : Layout::column_major,
                        .bias = !bias.empty()},
                       dense_factor(in.row_slice(first, count), weight.precision(), left_),
                       weight.data(),
                       bias.data(),
                       product.data);
    if (!pre_activation.empty() && product.data != linear_rows.data)
      copy_rows(product, linear_rows);
    if (activation != Activation::none) {
      activate(product, activation, out_rows);
    } else if (product.data != out_rows.data) {
      copy_rows(product, out_rows);
    }
  }
}

void Linear::backward(ConstTensor in,
                      const CpuWeight& weight,
                      Activation activation,
                      ConstTensor pre_activation,
                      Tensor d_out,
                      Tensor d_in,
                      Write in_write,
                      Tensor d_weight,
                      std::span<float> d_bias,
                      Write parameter_write) {
  if (weight.packed()) {
    throw Error(
        ErrorCode::invalid_argument,
        "linear_backward: expected a weight prepared for training, found one for inference");
  }
  if (activation != Activation::none) activate_backward(pre_activation, activation, d_out);
  if (!d_bias.empty()) sum_columns(d_out, parameter_write, d_bias);
  if (in.rows == 0 && parameter_write == Write::overwrite) clear_rows(d_weight);
  for (int64_t first = 0; first < in.rows; first += kGradientTokens) {
    const int64_t count = std::min(kGradientTokens, in.rows - first);
    const void* d_rows = dense_factor(d_out.row_slice(first, count), weight.precision(), left_);
    weight_gradient(in.row_slice(first, count),
                    d_rows,
                    weight,
                    d_weight,
                    first > 0 ? Write::accumulate : parameter_write);
    if (!d_in.empty()) input_gradient(d_rows, weight, d_in.row_slice(first, count), in_write);
  }
}

// d_weight [N,K] = d_outᵀ [N,T] · in [T,K]
void Linear::weight_gradient(
    ConstTensor in, const void* d_out, const CpuWeight& weight, Tensor d_weight, Write write) {
  const Tensor product = dense_result(d_weight, result_);
  const bool in_place = product.data == d_weight.data;
  products_.multiply({.M = weight.rows(),
                      .K = round_up_to_tile(in.rows),
                      .N = weight.columns(),
                      .element = element_of(weight.precision()),
                      .a = Layout::column_major,
                      .accumulate = in_place && write == Write::accumulate},
                     d_out,
                     dense_factor(in, weight.precision(), right_),
                     nullptr,
                     product.data);
  if (!in_place) write_rows(product, write, d_weight);
}

// d_in [T,K] = d_out [T,N] · weight [N,K]
void Linear::input_gradient(const void* d_out, const CpuWeight& weight, Tensor d_in, Write write) {
  const Tensor product = dense_result(d_in, result_);
  const bool in_place = product.data == d_in.data;
  products_.multiply({.M = round_up_to_tile(d_in.rows),
                      .K = weight.rows(),
                      .N = weight.columns(),
                      .element = element_of(weight.precision()),
                      .accumulate = in_place && write == Write::accumulate},
                     d_out,
                     weight.data(),
                     nullptr,
                     product.data);
  if (!in_place) write_rows(product, write, d_in);
}

}  // namespace fastintent::cpu
