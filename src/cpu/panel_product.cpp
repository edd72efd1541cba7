#include "cpu/panel_product.h"

#include <algorithm>
#include <vector>

#include "cpu/kernels/finish_tile.h"
#include "cpu/matmul.h"

namespace fastintent::cpu {
namespace {

// The part of a product at rows [row, row + rows) and the columns of a panel.
struct Place {
  int64_t row;
  int64_t rows;
  int64_t panel;
};

void finish(const TileSums& sums,
            const Place& place,
            const Factor& in,
            const PanelWeight& weight,
            const Epilogue& epilogue,
            Tensor out) {
  const int64_t column = place.panel * kPanelColumns;
  const int64_t columns = std::min(kPanelColumns, out.columns - column);
  const Int8Scales scales = in.element == Element::int8 ? Int8Scales{in.scales + place.row,
                                                                     in.zeros + place.row,
                                                                     weight.scales() + column,
                                                                     weight.sums() + column}
                                                        : Int8Scales{};
  const auto part = [&](auto tensor) {
    return tensor.row_slice(place.row, place.rows).column_slice(column, columns);
  };
  finish_tile(sums,
              scales,
              epilogue.bias.empty() ? nullptr : epilogue.bias.data() + column,
              epilogue.activation,
              epilogue.residual.empty() ? ConstTensor() : part(epilogue.residual),
              part(out));
}

// Multiplies complete blocks of kAmxRows rows; returns the number of rows done.
int64_t multiply_by_amx(const Factor& in,
                        const PanelWeight& weight,
                        const Epilogue& epilogue,
                        Tensor out) {
  thread_local Matmul library;
  thread_local std::vector<uint32_t> sums;
  const PanelLayout& layout = weight.layout();
  sums.resize(static_cast<size_t>(kAmxRows * layout.N));
  int64_t row = 0;
  for (; row + kAmxRows <= out.rows; row += kAmxRows) {
    library.multiply({.M = kAmxRows,
                      .K = layout.K,
                      .N = layout.N,
                      .element = Element::int8,
                      .b = Layout::packed},
                     in.row(row),
                     weight.amx_matrix(),
                     nullptr,
                     sums.data());
    for (int64_t panel = 0; panel < layout.panels(); ++panel) {
      const TileSums tile{sums.data() + panel * kPanelColumns, layout.N, in.element};
      finish(tile, {row, kAmxRows, panel}, in, weight, epilogue, out);
    }
  }
  return row;
}

const TileProducts& products_of(Element element) {
  static const TileProducts fp32 = tile_products(Element::fp32);
  static const TileProducts bf16 = tile_products(Element::bf16);
  static const TileProducts int8 = tile_products(Element::int8);
  if (element == Element::int8) {
    return int8;
  }
  return element == Element::bf16 ? bf16 : fp32;
}

}  // namespace

// A panel stays in the cache while all rows are multiplied with it, one tile at a time; the sums of
// a tile are passed to the epilogue through the L1 cache.
void multiply(const Factor& in,
              const PanelWeight& weight,
              PanelRange panels,
              const Epilogue& epilogue,
              Tensor out) {
  const PanelLayout& layout = weight.layout();
  const bool whole = panels.begin == 0 && panels.end == layout.panels();
  const int64_t first =
      whole && weight.amx_matrix() != nullptr ? multiply_by_amx(in, weight, epilogue, out) : 0;
  const TileProducts& products = products_of(in.element);
  alignas(64) uint32_t sums[kTileRows * kPanelColumns];
  for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
    for (int64_t row = first; row < out.rows; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, out.rows - row);
      products[static_cast<size_t>(rows - 1)](
          in.row(row), in.row_words, weight.panel(panel), layout.words(), sums);
      finish({sums, kPanelColumns, in.element}, {row, rows, panel}, in, weight, epilogue, out);
    }
  }
}

}  // namespace fastintent::cpu
