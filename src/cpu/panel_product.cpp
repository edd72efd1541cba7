#include "cpu/panel_product.h"

#include <algorithm>

#include "cpu/kernels/finish_tile.h"

namespace fastintent::cpu {

// A panel stays in the cache while all rows pass, a tile of them at a time; the sums of a tile go
// through the L1 cache into the epilogue.
void multiply(const Factor& in,
              const PanelWeight& weight,
              PanelRange panels,
              const Epilogue& epilogue,
              Tensor out) {
  static const TileProducts kFp32 = tile_products(Element::fp32);
  static const TileProducts kBf16 = tile_products(Element::bf16);
  static const TileProducts kInt8 = tile_products(Element::int8);
  const bool int8 = in.element == Element::int8;
  const TileProducts& products = int8 ? kInt8 : in.element == Element::bf16 ? kBf16 : kFp32;
  alignas(64) uint32_t sums[kTileRows * kPanelColumns];
  for (int64_t index = panels.begin; index < panels.end; ++index) {
    const uint32_t* panel = weight.panel(index);
    const int64_t column = index * kPanelColumns;
    const int64_t columns = std::min(kPanelColumns, out.columns - column);
    const float* bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data() + column;
    for (int64_t row = 0; row < out.rows; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, out.rows - row);
      products[static_cast<size_t>(rows - 1)](
          in.row(row), in.row_words, panel, weight.layout().words(), sums);
      const Int8Scales scales = int8 ? Int8Scales{in.scales + row,
                                                  in.zeros + row,
                                                  weight.scales() + column,
                                                  weight.sums() + column}
                                     : Int8Scales{};
      const auto place = [&](auto tensor) {
        return tensor.row_slice(row, rows).column_slice(column, columns);
      };
      finish_tile({sums, kPanelColumns, in.element},
                  scales,
                  bias,
                  epilogue.activation,
                  epilogue.residual.empty() ? ConstTensor() : place(epilogue.residual),
                  place(out));
    }
  }
}

}  // namespace fastintent::cpu
