// Products of the small matrices of attention. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_MULTIPLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_MULTIPLY_INL_H_
#undef FASTINTENT_CPU_KERNELS_MULTIPLY_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_MULTIPLY_INL_H_
#endif

#include "compute/tensor.h"
#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

/// The left factor of a product: element (m, k) is at data[m · row_step + k · depth_step], so a
/// transposed matrix is a left factor too.
struct LeftFactor {
  const float* data;
  int64_t row_step;
  int64_t depth_step;
};

/// A product is computed in tiles of one or two vectors of columns. The sums of a tile stay in
/// registers, as many as fit into 32 registers (vectors of 512 bits) or 16 beside two vectors of
/// the right factor and a broadcast of the left. Enough of them hide the latency of an addition: 8
/// with two units of 4 cycles.
constexpr int64_t kTileSums = hn::MaxLanes(FloatTag()) == 16 ? 16 : 12;

/// The product for one tile: kRows rows and kVectors vectors of columns; the last vector may be
/// partial.
template <int64_t kRows, int64_t kVectors>
HWY_INLINE void multiply_tile(const LeftFactor& left,
                              const ConstTensor& right,
                              bool accumulate,
                              const Tensor& out) {
  const FloatTag d;
  const int64_t lanes = lanes_of(d);
  const int64_t last = (kVectors - 1) * lanes;  // all vectors of columns but the last are full
  FloatVector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      const float* sum = out.row(r) + v * lanes;
      sums[r][v] = accumulate ? load_some(d, sum, out.columns - v * lanes) : hn::Zero(d);
    }
  }
  const float* from_right = right.data;
  // Two pointers of eight rows each, so that every row is reachable by an address's scale factors.
  const float* from_left[] = {left.data,
                              left.data + std::min(int64_t{8}, kRows - 1) * left.row_step};
  for (int64_t k = 0; k < right.rows; ++k) {
    FloatVector factors[kVectors];
    if constexpr (kVectors == 2) {
      factors[0] = hn::LoadU(d, from_right);
    }
    factors[kVectors - 1] = load_some(d, from_right + last, out.columns - last);
#pragma GCC unroll 16
    for (int64_t r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, from_left[r / 8][r % 8 * left.row_step]);
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(factor, factors[v], sums[r][v]);
      }
    }
    from_right += right.stride;
    from_left[0] += left.depth_step;
    from_left[1] += left.depth_step;
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
    if constexpr (kVectors == 2) {
      hn::StoreU(sums[r][0], d, out.row(r));
    }
    store_some(sums[r][kVectors - 1], d, out.row(r) + last, out.columns - last);
  }
}

/// multiply_tile for as many rows as out has, at most kRows.
template <int64_t kRows, int64_t kVectors>
HWY_INLINE void multiply_rows(const LeftFactor& left,
                              const ConstTensor& right,
                              bool accumulate,
                              const Tensor& out) {
  if constexpr (kRows > 1) {
    if (out.rows < kRows) {
      return multiply_rows<kRows - 1, kVectors>(left, right, accumulate, out);
    }
  }
  multiply_tile<kRows, kVectors>(left, right, accumulate, out);
}

/// The product for kVectors vectors of columns.
template <int64_t kVectors>
HWY_INLINE void multiply_strip(const LeftFactor& left,
                               const ConstTensor& right,
                               bool accumulate,
                               const Tensor& out) {
  constexpr int64_t kRows = kTileSums / kVectors;
  int64_t tiles = (out.rows + kRows - 1) / kRows;
  for (int64_t m = 0; m < out.rows; --tiles) {
    // Rows are dealt out evenly: a tile of one row would wait for each of its additions.
    const int64_t rows = (out.rows - m + tiles - 1) / tiles;
    const LeftFactor tile_left{left.data + m * left.row_step, left.row_step, left.depth_step};
    multiply_rows<kRows, kVectors>(tile_left, right, accumulate, out.row_slice(m, rows));
    m += rows;
  }
}

// out[M,N] = left[M,K] · right[K,N], added to out when `accumulate`. M and N are the shape of out,
// K is the number of rows of right. Every sum runs over k in order, in any tile, so the bits do not
// depend on the tiles. This function is not inlined, but its tiles are: a tile is too short for a
// call of its own.
HWY_NOINLINE inline void multiply(FloatTag d,
                                  const LeftFactor& left,
                                  const ConstTensor& right,
                                  bool accumulate,
                                  const Tensor& out) {
  for (int64_t n = 0; n < out.columns; n += 2 * lanes_of(d)) {
    const int64_t columns = std::min(2 * lanes_of(d), out.columns - n);
    const ConstTensor strip = right.column_slice(n, columns);
    if (columns <= lanes_of(d)) {
      multiply_strip<1>(left, strip, accumulate, out.column_slice(n, columns));
    } else {
      multiply_strip<2>(left, strip, accumulate, out.column_slice(n, columns));
    }
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
