#pragma once

#include <cstdint>

namespace fastintent::cpu {

/// The type of the factors of a product. Sums of int8 factors (unsigned rows, signed weights) are
/// exact i32, all others f32. `rounded_fp32` is bf16 on a processor that cannot multiply it: bf16
/// values stored as f32, which result in the same products.
enum class Element { fp32, rounded_fp32, bf16, int8 };

/// Factors are read in words of 32 bits: one f32, two bf16 or four bytes, the elements of one row
/// at neighbouring columns.
constexpr int64_t elements_per_word(Element element) {
  switch (element) {
    case Element::fp32:
    case Element::rounded_fp32:
      return 1;
    case Element::bf16:
      return 2;
    case Element::int8:
      return 4;
  }
  return 1;
}

constexpr int64_t bytes_of(Element element) {
  return 4 / elements_per_word(element);
}

/// Words of a row of `columns` elements.
constexpr int64_t words_of(Element element, int64_t columns) {
  const int64_t in_word = elements_per_word(element);
  return (columns + in_word - 1) / in_word;
}

}  // namespace fastintent::cpu
