#pragma once

#include <memory>
#include <span>

#include "compute/backend.h"
#include "cpu/element.h"
#include "cpu/kernels/tile_product.h"
#include "cpu/matmul.h"

namespace fastintent::cpu {

/// The element in which this processor multiplies weights of a precision (not automatic).
Element element_of(Precision precision);

/// The memory layout of a packed weight [N,K]: panels of kPanelColumns outputs, each of `words`
/// rows of kPanelColumns words, one word per output. Outputs beyond N and elements beyond K are
/// zero. An int8 weight stores w = scale · value with values -127 .. 127; after its panels follow
/// the scales of its outputs and the sums of its values (f32, as many as the panels have columns).
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

/// The name of this layout, for PackedBytes.
std::string_view panel_layout_name(Element element);

/// Rows of an int8 product by AMX. The count is fixed, so that a weight needs one kernel of the
/// library, and is three AMX tiles high. Remaining rows use tile products: sums are exact either
/// way.
constexpr int64_t kAmxRows = 48;

/// A weight for inference, packed once and never changed; shared by all threads.
class PanelWeight final : public PreparedWeight {
 public:
  /// Throws bad_checkpoint when int8 is requested and a value is not finite.
  /// `amx`: also pack an int8 weight for oneDNN.
  PanelWeight(ConstTensor weight, Precision precision, bool amx);
  /// A weight packed earlier, used in place. `bytes` are in `layout` and must outlive it. Throws
  /// bad_checkpoint when a scale of an int8 weight is not finite.
  PanelWeight(const PanelLayout& layout, std::span<const std::byte> bytes, bool amx);

  /// `weight` as one of these. Throws invalid_argument when it is another one.
  static const PanelWeight& of(const PreparedWeight& weight);

  PackedBytes packed() const override;

  Element element() const { return layout_.element; }
  const PanelLayout& layout() const { return layout_; }
  const uint32_t* panel(int64_t index) const { return data_ + index * layout_.panel_words(); }
  const float* scales() const { return reinterpret_cast<const float*>(panel(layout_.panels())); }
  const float* sums() const { return scales() + layout_.panels() * kPanelColumns; }
  /// The weight for products of kAmxRows rows; null if it is not packed for AMX.
  const void* amx_matrix() const { return amx_matrix_.get(); }

 private:
  void pack_for_amx();

  PanelLayout layout_;
  Buffer owned_;  // empty if the bytes belong to the caller
  const uint32_t* data_;
  PackedMatrix amx_matrix_;
};

}  // namespace fastintent::cpu
