#pragma once

#include <array>
#include <cstdint>

#include "cpu/element.h"

namespace fastintent::cpu {

/// Columns of a panel: four vectors of AVX-512. A panel of 384 inputs in int8 is 24 KB, half of an
/// L1 cache, and stays there while the rows of a block are multiplied.
constexpr int64_t kPanelColumns = 64;

/// Most rows of a tile: 6 x 4 sums, 4 vectors of the panel and a word of a row use 29 of AVX-512's
/// 32 registers, and 24 independent sums hide the latency of an addition.
constexpr int64_t kTileRows = 6;

/// sums [R,kPanelColumns] (f32, or i32 for int8) = rows [R,K] · panel [K,kPanelColumns].
/// rows: `words` words each, `row_words` apart · panel: `words` x kPanelColumns words
/// Each sum adds its products in the order of K, whatever R is.
using TileProduct = void (*)(
    const uint32_t* rows, int64_t row_words, const uint32_t* panel, int64_t words, uint32_t* sums);

/// Indexed by R - 1.
using TileProducts = std::array<TileProduct, kTileRows>;

/// The fastest tile products of this processor under the instruction set in use. int8 without VNNI
/// is exact too: it avoids the 16-bit saturation of VPMADDUBSW.
TileProducts tile_products(Element element);

/// Whether the instruction set in use multiplies bf16 (AVX512_BF16) or int8 (AVX512_VNNI) in dot
/// products.
bool has_dot_products(Element element);

/// Whether the processor has AMX. The system may forbid its use, which oneDNN finds out.
bool processor_has_amx();

/// Tile products by dot-product instructions. Only if has_dot_products.
TileProducts dot_tile_products(Element element);

/// Tile products that every processor can run. Not bf16.
TileProducts portable_tile_products(Element element);

}  // namespace fastintent::cpu
