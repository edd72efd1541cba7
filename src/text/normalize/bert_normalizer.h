#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/normalize/character_tables.h"

namespace fastintent {

/// Readable bytes past a normalized text, so that a word can be loaded as two full 64-bit halves.
constexpr size_t kLoadBytes = 16;

/// The settings of Hugging Face's BertNormalizer, as resolved (strip_accents follows lower_case
/// where a folder leaves it open). All off means no normalizer.
struct BertNormalizerOptions {
  bool clean_text = true;
  bool space_cjk = true;
  bool strip_accents = true;
  bool lower_case = true;
};

/// BertNormalizer: cleans control characters, puts spaces around CJK ideographs, decomposes and
/// strips accents, lower-cases one character at a time. In that order, in one pass.
///
/// Immutable: safe from many threads.
class BertNormalizer {
 public:
  explicit BertNormalizer(BertNormalizerOptions options);

  /// Buffer size, in bytes, that normalize needs for a text of `text_bytes` bytes.
  static constexpr size_t buffer_bytes(size_t text_bytes) {
    return text_bytes * kMaxNormalizedGrowth + kLoadBytes;
  }

  /// The normalized form of `text`, which is valid UTF-8. It is at the start of `buffer`, and
  /// kLoadBytes may be read past its end.
  std::string_view normalize(std::string_view text, char* buffer) const;

 private:
  /// The normalized form of one ASCII byte, and its length (0 or 1 bytes).
  struct AsciiRule {
    char lowered;
    uint8_t kept;
  };

  BertNormalizerOptions options_;
  std::array<AsciiRule, 128> ascii_;
};

}  // namespace fastintent
