#include <cpuid.h>
#include <immintrin.h>

#include "cpu/instruction_set.h"
#include "cpu/kernels/tile_product.h"

// Tile products by two instructions for which Highway 1.0 has no operation: VPDPBUSD (AVX512_VNNI)
// and VDPBF16PS (AVX512_BF16), each with a word of a row broadcast to all columns. This is the only
// file with intrinsics.
//
// Both are compiled for processors that have both instructions: the compiler never chooses either
// by itself, so a processor with only one of them can run the product that uses it.
#define FASTINTENT_DOT_PRODUCTS __attribute__((target("avx512f,avx512vnni,avx512bf16")))

namespace fastintent::cpu {
namespace {

constexpr int64_t kVectors = kPanelColumns / 16;

struct Int8 {
  using Sum = __m512i;
  FASTINTENT_DOT_PRODUCTS static Sum zero() { return _mm512_setzero_si512(); }
  FASTINTENT_DOT_PRODUCTS static Sum add(Sum sum, __m512i factor, __m512i weight) {
    return _mm512_dpbusd_epi32(sum, factor, weight);
  }
};

struct Bf16 {
  using Sum = __m512;
  FASTINTENT_DOT_PRODUCTS static Sum zero() { return _mm512_setzero_ps(); }
  FASTINTENT_DOT_PRODUCTS static Sum add(Sum sum, __m512i factor, __m512i weight) {
    return _mm512_dpbf16_ps(
        sum, reinterpret_cast<__m512bh>(factor), reinterpret_cast<__m512bh>(weight));
  }
};

template <class Dot, int64_t R>
FASTINTENT_DOT_PRODUCTS void multiply(
    const uint32_t* rows, int64_t row_words, const uint32_t* panel, int64_t words, uint32_t* sums) {
  typename Dot::Sum sum[R][kVectors];
#pragma GCC unroll 6
  for (int64_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      sum[r][v] = Dot::zero();
    }
  }
  for (int64_t k = 0; k < words; ++k, panel += kPanelColumns) {
    __m512i weight[kVectors];
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      weight[v] = _mm512_loadu_si512(panel + 16 * v);
    }
#pragma GCC unroll 6
    for (int64_t r = 0; r < R; ++r) {
      const __m512i factor = _mm512_set1_epi32(static_cast<int>(rows[r * row_words + k]));
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) {
        sum[r][v] = Dot::add(sum[r][v], factor, weight[v]);
      }
    }
  }
#pragma GCC unroll 6
  for (int64_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      _mm512_storeu_si512(sums + r * kPanelColumns + 16 * v, reinterpret_cast<__m512i>(sum[r][v]));
    }
  }
}

template <class Dot>
TileProducts products() {
  return {multiply<Dot, 1>,
          multiply<Dot, 2>,
          multiply<Dot, 3>,
          multiply<Dot, 4>,
          multiply<Dot, 5>,
          multiply<Dot, 6>};
}

}  // namespace

bool has_dot_products(Element element) {
  if (instruction_set() != "avx512") {
    return false;
  }
  switch (element) {
    case Element::fp32:
    case Element::rounded_fp32:
      return false;
    case Element::bf16:
      return __builtin_cpu_supports("avx512bf16") != 0;
    case Element::int8:
      return __builtin_cpu_supports("avx512vnni") != 0;
  }
  return false;
}

// By the instruction itself, since clang 14 has no name for it in __builtin_cpu_supports.
bool processor_has_amx() {
  static const bool has = [] {
    constexpr unsigned kAmx = 1U << 22 | 1U << 24 | 1U << 25;  // AMX-BF16, AMX-TILE, AMX-INT8
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAmx) == kAmx;
  }();
  return has;
}

TileProducts dot_tile_products(Element element) {
  return element == Element::int8 ? products<Int8>() : products<Bf16>();
}

}  // namespace fastintent::cpu
