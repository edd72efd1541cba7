#include "cpu/panel_weight.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "compute/host_memory.h"
#include "cpu/kernels/factor_rows.h"
#include "fastintent/error.h"

namespace fastintent::cpu {
namespace {

// Rows of a weight that are packed at a time: they fill one cache line of a panel's words.
constexpr int64_t kPackedRows = 16;

void check_finite(const WeightScale& scale, ConstTensor weight, int64_t row) {
  if (std::isfinite(scale.scale)) {
    return;
  }
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("quantize weight [{},{}]: expected finite values, found others in row {}",
                          weight.rows,
                          weight.columns,
                          row));
}

// The scales and sums of packed bytes that come from a file.
void check_finite(const PanelWeight& weight) {
  const int64_t columns = weight.layout().panels() * kPanelColumns;
  for (int64_t n = 0; n < columns; ++n) {
    if (!std::isfinite(weight.scales()[n]) || !std::isfinite(weight.sums()[n])) {
      throw Error(
          ErrorCode::bad_checkpoint,
          fmt::format("adopt weight [{},{}]: expected finite scales, found others in row {}",
                      weight.rows(),
                      weight.columns(),
                      n));
    }
  }
}

// Writes a weight in the layout of PanelLayout; `out` is zero at first.
void pack_panels(ConstTensor weight, const PanelLayout& layout, float* out) {
  const int64_t words = layout.words();
  float* scales = out + layout.panels() * layout.panel_words();
  float* sums = scales + layout.panels() * kPanelColumns;
  std::vector<uint32_t> rows(static_cast<size_t>(kPackedRows * words));
  for (int64_t first = 0; first < weight.rows; first += kPackedRows) {
    const int64_t count = std::min(kPackedRows, weight.rows - first);
    for (int64_t r = 0; r < count; ++r) {
      const int64_t n = first + r;
      const WeightScale scale =
          convert_weight_row(weight.row(n), weight.columns, layout.element, &rows[r * words]);
      if (layout.element != Element::int8) {
        continue;
      }
      check_finite(scale, weight, n);
      scales[n] = scale.scale;
      sums[n] = scale.sum;
    }
    auto* panel = reinterpret_cast<uint32_t*>(out + first / kPanelColumns * layout.panel_words());
    for (int64_t k = 0; k < words; ++k) {
      uint32_t* line = panel + k * kPanelColumns + first % kPanelColumns;
      for (int64_t r = 0; r < count; ++r) {
        line[r] = rows[r * words + k];
      }
    }
  }
}

}  // namespace

Element element_of(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return has_dot_products(Element::bf16) ? Element::bf16 : Element::rounded_fp32;
    case Precision::int8:
      return Element::int8;
    default:
      return Element::fp32;
  }
}

// A name stands for everything that determines the bytes: change both together. The int8 layout is
// the same on every processor.
std::string_view panel_layout_name(Element element) {
  static_assert(kPanelColumns == 64);
  switch (element) {
    case Element::fp32:
      return "panels64-fp32";
    case Element::rounded_fp32:
      return "panels64-bf16-in-fp32";
    case Element::bf16:
      return "panels64-bf16";
    case Element::int8:
      return "panels64-int8";
  }
  return {};
}

PanelWeight::PanelWeight(const PanelLayout& layout, std::span<const std::byte> bytes, bool amx)
    : PreparedWeight(layout.N, layout.K),
      layout_(layout),
      data_(reinterpret_cast<const uint32_t*>(bytes.data())) {
  if (layout.element == Element::int8) {
    check_finite(*this);
  }
  if (amx) {
    pack_for_amx();
  }
}

// The library's rows have no filler, ours fill complete words: both are equal if K is a multiple of
// 4.
void PanelWeight::pack_for_amx() {
  const int64_t N = layout_.N;
  const int64_t K = layout_.K;
  if (layout_.element != Element::int8 || K % elements_per_word(Element::int8) != 0) {
    return;
  }
  std::vector<int8_t> plain(static_cast<size_t>(K * N));
  for (int64_t n = 0; n < N; ++n) {
    const uint32_t* column = panel(n / kPanelColumns) + n % kPanelColumns;
    for (int64_t k = 0; k < K; ++k) {
      const auto* word = reinterpret_cast<const int8_t*>(column + k / 4 * kPanelColumns);
      plain[static_cast<size_t>(k * N + n)] = word[k % 4];
    }
  }
  amx_matrix_ = pack_matrix(plain.data(), kAmxRows, K, N);
}

const PanelWeight& PanelWeight::of(const PreparedWeight& weight) {
  if (const auto* found = dynamic_cast<const PanelWeight*>(&weight)) {
    return *found;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("weight [{},{}]: expected one that the processor prepared for inference, "
                          "found another",
                          weight.rows(),
                          weight.columns()));
}

PackedBytes PanelWeight::packed() const {
  return {panel_layout_name(layout_.element),
          {reinterpret_cast<const std::byte*>(data_), static_cast<size_t>(layout_.total_bytes())}};
}

PanelWeight::PanelWeight(ConstTensor weight, Precision precision, bool amx)
    : PreparedWeight(weight.rows, weight.columns),
      layout_{element_of(precision), weight.rows, weight.columns},
      owned_(allocate_host_memory(layout_.total_words())),
      data_(reinterpret_cast<const uint32_t*>(owned_.data())) {
  pack_panels(weight, layout_, owned_.data());
  if (amx) {
    pack_for_amx();
  }
}

}  // namespace fastintent::cpu
