#include "cpu/kernels/tile_product.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <vector>

#include "compute/random_tensors.h"

namespace fastintent::cpu {
namespace {

constexpr int64_t kInputs[] = {1, 2, 3, 4, 5, 30, 64, 384, 1536};

// Whole numbers that every element can hold, as the words of a row.
void write_element(Element element, int32_t value, int64_t k, uint32_t* row) {
  switch (element) {
    case Element::fp32:
    case Element::rounded_fp32:
      row[k] = std::bit_cast<uint32_t>(static_cast<float>(value));
      return;
    case Element::bf16: {
      const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16;
      row[k / 2] |= bits << (16 * (k % 2));
      return;
    }
    case Element::int8:
      row[k / 4] |= (static_cast<uint32_t>(value) & 0xFFU) << (8 * (k % 4));
      return;
  }
}

// A tile of rows and a panel, with their product by plain loops.
struct Tile {
  Element element;
  int64_t R;
  int64_t K;
  int64_t row_words;
  std::vector<uint32_t> rows;   // [R,row_words]
  std::vector<uint32_t> panel;  // [words,kPanelColumns]
  std::vector<int32_t> sums;    // [R,kPanelColumns]

  // factor(r, k) and weight(n, k) are whole numbers.
  template <class Factor, class Weight>
  Tile(Element e, int64_t row_count, int64_t inputs, const Factor& factor, const Weight& weight)
      : element(e),
        R(row_count),
        K(inputs),
        row_words(words_of(e, inputs) + 3),  // rows may be apart
        rows(static_cast<size_t>(R * row_words)),
        panel(static_cast<size_t>(words_of(e, K) * kPanelColumns)),
        sums(static_cast<size_t>(R * kPanelColumns)) {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t k = 0; k < K; ++k) {
        write_element(e, factor(r, k), k, &rows[r * row_words]);
      }
    }
    std::vector<uint32_t> column(static_cast<size_t>(words_of(e, K)));
    for (int64_t n = 0; n < kPanelColumns; ++n) {
      column.assign(column.size(), 0);
      for (int64_t k = 0; k < K; ++k) {
        write_element(e, weight(n, k), k, column.data());
      }
      for (size_t w = 0; w < column.size(); ++w) {
        panel[w * kPanelColumns + n] = column[w];
      }
    }
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t n = 0; n < kPanelColumns; ++n) {
        for (int64_t k = 0; k < K; ++k) {
          sums[r * kPanelColumns + n] += factor(r, k) * weight(n, k);
        }
      }
    }
  }

  std::vector<int32_t> found(const TileProducts& products) const {
    std::vector<uint32_t> words(sums.size(), 0xDEADBEEF);
    products[static_cast<size_t>(R - 1)](
        rows.data(), row_words, panel.data(), words_of(element, K), words.data());
    std::vector<int32_t> result;
    for (const uint32_t word : words) {
      result.push_back(element == Element::int8 ? static_cast<int32_t>(word)
                                                : static_cast<int32_t>(std::bit_cast<float>(word)));
    }
    return result;
  }
};

// Every way to multiply an element that this processor has under the instruction set in use.
std::vector<TileProducts> products_of(Element element) {
  std::vector<TileProducts> all = {tile_products(element)};
  if (has_dot_products(element)) {
    all.push_back(dot_tile_products(element));
  }
  if (element != Element::bf16) {
    all.push_back(portable_tile_products(element));
  }
  return all;
}

std::vector<Element> elements() {
  std::vector<Element> list = {Element::fp32, Element::rounded_fp32, Element::int8};
  if (has_dot_products(Element::bf16)) {
    list.push_back(Element::bf16);
  }
  return list;
}

// Sums of whole numbers below 2^24 are exact in f32 too, in any order.
TEST(TileProduct, MultipliesWholeNumbersExactly) {
  for (const Element element : elements()) {
    const int32_t lowest = element == Element::int8 ? 0 : -8;  // int8 rows are unsigned
    for (const int64_t K : kInputs) {
      for (int64_t R = 1; R <= kTileRows; ++R) {
        Random random(static_cast<uint32_t>(K + R));
        const std::vector<int32_t> factors = random.integers(R * K, 17);
        const std::vector<int32_t> weights = random.integers(kPanelColumns * K, 17);
        const Tile tile(
            element,
            R,
            K,
            [&](int64_t r, int64_t k) { return factors[r * K + k] + lowest; },
            [&](int64_t n, int64_t k) { return weights[n * K + k] - 8; });
        for (const TileProducts& products : products_of(element)) {
          ASSERT_EQ(tile.found(products), tile.sums)
              << "element " << static_cast<int>(element) << ", " << R << " rows, K " << K;
        }
      }
    }
  }
}

// If pairs of products were summed in 16 bits, the sums would saturate; if factors were read as
// signed, or weights as unsigned, the signs would be wrong.
TEST(TileProduct, MultipliesTheLargestBytesExactly) {
  constexpr int64_t K = 3072;  // BERT-base's widest
  for (int64_t R = 1; R <= kTileRows; ++R) {
    const Tile tile(
        Element::int8,
        R,
        K,
        [](int64_t r, int64_t k) { return (r + k) % 5 == 4 ? 128 : 255; },
        [](int64_t n, int64_t k) {
          return n == 0 ? 127 : n == 1 ? -127 : k % 2 == 0 ? 127 : -128;
        });
    for (const TileProducts& products : products_of(Element::int8)) {
      ASSERT_EQ(tile.found(products), tile.sums) << R << " rows";
    }
  }
}

TEST(TileProduct, MultipliesRandomBytesExactly) {
  for (const int64_t K : kInputs) {
    for (int64_t R = 1; R <= kTileRows; ++R) {
      Random random(static_cast<uint32_t>(K * R));
      const std::vector<int32_t> factors = random.integers(R * K, 256);
      const std::vector<int32_t> weights = random.integers(kPanelColumns * K, 256);
      const Tile tile(
          Element::int8,
          R,
          K,
          [&](int64_t r, int64_t k) { return factors[r * K + k]; },
          [&](int64_t n, int64_t k) { return weights[n * K + k] - 128; });
      for (const TileProducts& products : products_of(Element::int8)) {
        ASSERT_EQ(tile.found(products), tile.sums) << R << " rows, K " << K;
      }
    }
  }
}

// Random words of an element, [rows,words]: for bf16 two random numbers each, for int8 the bits of
// a random number.
std::vector<uint32_t> random_words(Element element, int64_t rows, int64_t words, Random& random) {
  std::vector<uint32_t> result;
  const Matrix first = random.matrix(rows, words);
  const Matrix second = random.matrix(rows, words);
  for (size_t i = 0; i < first.values.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(first.values[i]);
    const auto upper = std::bit_cast<uint32_t>(second.values[i]) & 0xFFFF0000U;
    result.push_back(element == Element::bf16 ? upper | bits >> 16 : bits);
  }
  return result;
}

// Law 2: the result of a row depends neither on the number of rows in its tile nor on its place.
TEST(TileProduct, GivesARowTheSameBitsInEveryTile) {
  for (const Element element : elements()) {
    for (const int64_t K : kInputs) {
      const int64_t words = words_of(element, K);
      Random random(static_cast<uint32_t>(K));
      const std::vector<uint32_t> rows = random_words(element, kTileRows, words, random);
      const std::vector<uint32_t> panel = random_words(element, words, kPanelColumns, random);
      const TileProducts products = tile_products(element);
      for (int64_t R = 2; R <= kTileRows; ++R) {
        std::vector<uint32_t> together(static_cast<size_t>(R * kPanelColumns));
        products[static_cast<size_t>(R - 1)](
            rows.data(), words, panel.data(), words, together.data());
        for (int64_t r = 0; r < R; ++r) {
          std::vector<uint32_t> alone(kPanelColumns);
          products[0](&rows[r * words], words, panel.data(), words, alone.data());
          ASSERT_EQ(
              0,
              std::memcmp(
                  alone.data(), &together[r * kPanelColumns], kPanelColumns * sizeof(uint32_t)))
              << "element " << static_cast<int>(element) << ", row " << r << " of " << R << ", K "
              << K;
        }
      }
    }
  }
}

}  // namespace
}  // namespace fastintent::cpu
