#pragma once

#include <cstddef>
#include <string_view>

#include "text/normalize/text_buffer.h"

namespace fastintent {

/// Most bytes that a step may put in the place of a character, and most times that a chain may make a
/// text longer: far above real ones (a character map has 33 bytes for U+FDFA), so that a malformed
/// file cannot fill the memory.
constexpr size_t kMostGrowth = 256;

/// One normalizer of a chain. Immutable: safe from many threads.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;

  /// The normalized form of `text`, which is valid UTF-8: `text` itself where nothing changes, else
  /// in `out`, which is empty before.
  virtual std::string_view apply(std::string_view text, TextBuffer& out) const = 0;

  /// Whether a text may be normalized in two parts, cut before a space between two ASCII letters or
  /// digits.
  virtual bool is_local() const { return true; }
};

}  // namespace fastintent
