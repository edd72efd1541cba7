#include "cpu/kernels/tile_product.h"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/tile_product.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

using WordTag = hn::RebindToUnsigned<FloatTag>;

// Vectors of sums in a row of a tile: four with 32 registers, as explained at kTileRows; two with
// 16 registers: 6 x 2 sums, 2 vectors of the panel and a word of a row.
constexpr int64_t kVectors = hn::MaxLanes(FloatTag()) == 16 ? 4 : 2;

template <int64_t R>
void multiply_fp32(
    const uint32_t* rows, int64_t row_words, const uint32_t* panel, int64_t words, uint32_t* sums) {
  const FloatTag d;
  const WordTag words_tag;
  const int64_t lanes = lanes_of(d);
  for (int64_t first = 0; first < kPanelColumns; first += kVectors * lanes) {
    FloatVector sum[R][kVectors];
    HWY_UNROLL(6)
    for (int64_t r = 0; r < R; ++r) {
      HWY_UNROLL(4)
      for (int64_t v = 0; v < kVectors; ++v) {
        sum[r][v] = hn::Zero(d);
      }
    }
    const uint32_t* weights = panel + first;
    for (int64_t k = 0; k < words; ++k, weights += kPanelColumns) {
      FloatVector weight[kVectors];
      HWY_UNROLL(4)
      for (int64_t v = 0; v < kVectors; ++v) {
        weight[v] = hn::BitCast(d, hn::LoadU(words_tag, weights + v * lanes));
      }
      HWY_UNROLL(6)
      for (int64_t r = 0; r < R; ++r) {
        const auto factor = hn::Set(d, std::bit_cast<float>(rows[r * row_words + k]));
        HWY_UNROLL(4)
        for (int64_t v = 0; v < kVectors; ++v) {
          sum[r][v] = hn::MulAdd(factor, weight[v], sum[r][v]);
        }
      }
    }
    HWY_UNROLL(6)
    for (int64_t r = 0; r < R; ++r) {
      HWY_UNROLL(4)
      for (int64_t v = 0; v < kVectors; ++v) {
        uint32_t* to = sums + r * kPanelColumns + first + v * lanes;
        hn::StoreU(hn::BitCast(words_tag, sum[r][v]), words_tag, to);
      }
    }
  }
}

// sum + the four products of the bytes of two words, factor unsigned, weight signed. Even and odd
// bytes are multiplied separately, as pairs of 16-bit products, which cannot overflow.
template <class D, class Sum = hn::Vec<D>>
HWY_INLINE Sum add_dot(D d, hn::Vec<WordTag> factor, hn::Vec<WordTag> weight, Sum sum, Sum& more) {
  if constexpr (hn::MaxLanes(D()) > 1) {
    const hn::Repartition<uint16_t, D> bytes;
    const hn::Repartition<int16_t, D> pairs;
    const auto even_factor = hn::And(hn::BitCast(bytes, factor), hn::Set(bytes, uint16_t{0xFF}));
    const auto odd_factor = hn::ShiftRight<8>(hn::BitCast(bytes, factor));
    const auto even = hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(pairs, weight)));
    const auto odd = hn::ShiftRight<8>(hn::BitCast(pairs, weight));
    sum = hn::ReorderWidenMulAccumulate(d, hn::BitCast(pairs, even_factor), even, sum, more);
    return hn::ReorderWidenMulAccumulate(d, hn::BitCast(pairs, odd_factor), odd, sum, more);
  } else {
    const auto bytes = std::bit_cast<std::array<uint8_t, 4>>(hn::GetLane(factor));
    const auto values = std::bit_cast<std::array<int8_t, 4>>(hn::GetLane(weight));
    int32_t products = 0;
    for (size_t i = 0; i < 4; ++i) {
      products += bytes[i] * values[i];
    }
    return hn::Add(sum, hn::Set(d, products));
  }
}

// Three rows at a time, for which 16 registers suffice.
template <int64_t R>
void multiply_int8(
    const uint32_t* rows, int64_t row_words, const uint32_t* panel, int64_t words, uint32_t* sums) {
  constexpr int64_t kRows = R > 3 ? 3 : R;
  const hn::RebindToSigned<FloatTag> d;
  const WordTag words_tag;
  const int64_t lanes = lanes_of(FloatTag());
  for (int64_t top = 0; top < R; top += kRows) {
    const int64_t base = std::min(top, R - kRows);  // repeats some rows if R is 4 or 5
    for (int64_t first = 0; first < kPanelColumns; first += lanes) {
      hn::Vec<decltype(d)> sum[kRows];
      hn::Vec<decltype(d)> more[kRows];  // the second accumulator that some processors use
      HWY_UNROLL(3)
      for (int64_t r = 0; r < kRows; ++r) {
        sum[r] = more[r] = hn::Zero(d);
      }
      const uint32_t* weights = panel + first;
      for (int64_t k = 0; k < words; ++k, weights += kPanelColumns) {
        const auto weight = hn::LoadU(words_tag, weights);
        HWY_UNROLL(3)
        for (int64_t r = 0; r < kRows; ++r) {
          const auto factor = hn::Set(words_tag, rows[(base + r) * row_words + k]);
          sum[r] = add_dot(d, factor, weight, sum[r], more[r]);
        }
      }
      HWY_UNROLL(3)
      for (int64_t r = 0; r < kRows; ++r) {
        uint32_t* to = sums + (base + r) * kPanelColumns + first;
        const auto whole = hn::RearrangeToOddPlusEven(sum[r], more[r]);
        hn::StoreU(hn::BitCast(words_tag, whole), words_tag, to);
      }
    }
  }
}

TileProducts products(Element element) {
  if (element == Element::int8) {
    return {multiply_int8<1>,
            multiply_int8<2>,
            multiply_int8<3>,
            multiply_int8<4>,
            multiply_int8<5>,
            multiply_int8<6>};
  }
  return {multiply_fp32<1>,
          multiply_fp32<2>,
          multiply_fp32<3>,
          multiply_fp32<4>,
          multiply_fp32<5>,
          multiply_fp32<6>};
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(products);

TileProducts portable_tile_products(Element element) {
  return HWY_DYNAMIC_DISPATCH(products)(element);
}

TileProducts tile_products(Element element) {
  return has_dot_products(element) ? dot_tile_products(element) : portable_tile_products(element);
}

}  // namespace fastintent::cpu
#endif
