#include "cpu/panel_product.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "compute/random_tensors.h"
#include "cpu/kernels/factor_rows.h"

namespace fastintent::cpu {
namespace {

std::vector<uint32_t> bits_of(const Matrix& matrix) {
  std::vector<uint32_t> bits;
  for (const float value : matrix.values) {
    bits.push_back(std::bit_cast<uint32_t>(value));
  }
  return bits;
}

// Without AMX the library uses its VNNI kernels for the same call: sums are exact in both, so this
// runs everything of the AMX path but its instruction.
TEST(PanelProduct, GivesTheSameBitsThroughTheLibraryAsByTiles) {
  if (!has_dot_products(Element::int8)) {
    GTEST_SKIP() << "needs AVX512_VNNI: older kernels of the library saturate";
  }
  constexpr int64_t kSizes[][2] = {{384, 384}, {384, 77}, {12, 130}, {1536, 64}};
  for (const auto& [K, N] : kSizes) {
    Random random(static_cast<uint32_t>(K + N));
    const Matrix values = random.matrix(N, K);
    const PanelWeight by_tiles(values.tensor(), Precision::int8, false);
    const PanelWeight by_library(values.tensor(), Precision::int8, true);
    ASSERT_EQ(by_tiles.amx_matrix(), nullptr);
    ASSERT_NE(by_library.amx_matrix(), nullptr);
    const Matrix bias = random.matrix(1, N);
    for (const int64_t rows : {1, 47, 48, 49, 100}) {
      const Matrix in = random.matrix(rows, K);
      const Matrix residual = random.matrix(rows, N);
      const int64_t words = words_of(Element::int8, K);
      std::vector<uint32_t> bytes(static_cast<size_t>(rows * words));
      std::vector<float> scales(static_cast<size_t>(rows));
      std::vector<float> zeros(static_cast<size_t>(rows));
      const Factor factor{Element::int8, bytes.data(), words, scales.data(), zeros.data()};
      convert_rows(in.tensor(), factor);
      const PanelRange all{0, by_tiles.layout().panels()};
      const Epilogue epilogue{bias.values, Activation::gelu, residual.tensor()};
      Matrix expected(rows, N);
      Matrix found(rows, N);
      multiply(factor, by_tiles, all, epilogue, expected.tensor());
      multiply(factor, by_library, all, epilogue, found.tensor());
      EXPECT_EQ(bits_of(found), bits_of(expected)) << rows << " x " << K << " x " << N;
    }
  }
}

TEST(PanelProduct, PacksForTheLibraryOnlyWhatItCanRead) {
  Random random(3);
  const Matrix odd = random.matrix(20, 30);
  EXPECT_EQ(PanelWeight(odd.tensor(), Precision::int8, true).amx_matrix(), nullptr);
  const Matrix even = random.matrix(20, 32);
  EXPECT_EQ(PanelWeight(even.tensor(), Precision::fp32, true).amx_matrix(), nullptr);
}

}  // namespace
}  // namespace fastintent::cpu
