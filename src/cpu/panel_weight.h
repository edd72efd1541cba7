#pragma once

#include <memory>
#include <span>

#include "compute/backend.h"
#include "cpu/element.h"
#include "cpu/kernels/tile_product.h"
#include "cpu/matmul.h"

namespace fastintent::cpu {

/// In which elements this processor multiplies weights of a precision. Not automatic.
Element element_of(Precision precision);

/// How a weight [N,K] lies in memory when it is packed: panels of kPanelColumns outputs, each
/// `words` rows of kPanelColumns words, one for each output; outputs beyond N and elements beyond K
/// are zero. After the panels of an int8 weight come the scales of its outputs and the sums of its
/// values (f32, as many as the panels have columns): w = scale · value, values -127 .. 127.
struct PanelLayout {
  Element element = Element::fp32;
  int64_t N = 0;
  int64_t K = 0;

  int64_t words() const { return words_of(element, K); }
  int64_t panels() const { return (N + kPanelColumns - 1) / kPanelColumns; }
  int64_t panel_words() const { return words() * kPanelColumns; }
  int64_t total_words() const {
    const int64_t scales = element == Element::int8 ? 2 * panels() * kPanelColumns : 0;
    return panels() * panel_words() + scales;
  }
  int64_t total_bytes() const { return total_words() * static_cast<int64_t>(sizeof(uint32_t)); }
};

/// The name of the layout of such weights, for PackedBytes.
std::string_view panel_layout_name(Element element);

/// Rows of an int8 product by AMX: one count, so that a weight needs one kernel of the library, and
/// three tiles of AMX high. Rows that are left go by tile products: sums are exact either way.
constexpr int64_t kAmxRows = 48;

/// A weight for inference, packed once and never changed; shared by all threads.
class PanelWeight final : public PreparedWeight {
 public:
  /// Throws bad_checkpoint when int8 is asked for and a value is not finite.
  /// `amx`: an int8 weight is packed for oneDNN, too.
  PanelWeight(ConstTensor weight, Precision precision, bool amx);
  /// One that was packed before, used where it lies. bytes: those of `layout`
  PanelWeight(const PanelLayout& layout, std::span<const std::byte> bytes, bool amx);

  /// `weight` as one of these. Throws invalid_argument when it is another one.
  static const PanelWeight& of(const PreparedWeight& weight);

  PackedBytes packed() const override;

  Element element() const { return layout_.element; }
  const PanelLayout& layout() const { return layout_; }
  const uint32_t* panel(int64_t index) const { return data_ + index * layout_.panel_words(); }
  const float* scales() const { return reinterpret_cast<const float*>(panel(layout_.panels())); }
  const float* sums() const { return scales() + layout_.panels() * kPanelColumns; }
  /// For products of kAmxRows rows; null without.
  const void* amx_matrix() const { return amx_matrix_.get(); }

 private:
  void pack_for_amx();

  PanelLayout layout_;
  Buffer owned_;  // empty where the bytes are another's
  const uint32_t* data_;
  PackedMatrix amx_matrix_;
};

}  // namespace fastintent::cpu
