#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace fastintent {

/// A view of row-major 32-bit floats in a backend's memory; it owns nothing. The distance between
/// rows (`stride`, in floats) may exceed their width, so a column slice of a tensor is a tensor.
///
/// Shapes everywhere use one legend: T tokens in the packed batch, S sequences (texts), H hidden
/// width, I intermediate width, K input width, N output width, C classes.
template <class Value>
struct TensorView {
  Value* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;

  TensorView() = default;
  constexpr TensorView(Value* values, int64_t row_count, int64_t column_count)
      : TensorView(values, row_count, column_count, column_count) {}
  constexpr TensorView(Value* values, int64_t row_count, int64_t column_count, int64_t row_stride)
      : data(values), rows(row_count), columns(column_count), stride(row_stride) {}
  // Reads from a tensor that may also be written.
  // NOLINTNEXTLINE(google-explicit-constructor): a mutable view is a constant one
  template <class Other>
    requires(!std::is_same_v<Other, Value> && std::is_same_v<const Other, Value>)
  TensorView(const TensorView<Other>& other)
      : TensorView(other.data, other.rows, other.columns, other.stride) {}

  constexpr Value* row(int64_t index) const { return data + index * stride; }
  constexpr int64_t size() const { return rows * columns; }
  constexpr bool empty() const { return data == nullptr; }
  /// All values in one line. Only for contiguous tensors.
  constexpr std::span<Value> flat() const { return {data, static_cast<size_t>(size())}; }
  constexpr bool contiguous() const { return stride == columns || rows <= 1; }
  constexpr bool same_shape(const TensorView<const float>& other) const {
    return rows == other.rows && columns == other.columns;
  }

  /// Columns [first, first + count) of every row.
  constexpr TensorView column_slice(int64_t first, int64_t count) const {
    return {data + first, rows, count, stride};
  }
  /// Rows [first, first + count).
  constexpr TensorView row_slice(int64_t first, int64_t count) const {
    return {data + first * stride, count, columns, stride};
  }
};

using Tensor = TensorView<float>;
using ConstTensor = TensorView<const float>;

}  // namespace fastintent
