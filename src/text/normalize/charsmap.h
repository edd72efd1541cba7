#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalize/normalizer_step.h"

namespace fastintent {

/// The normalizer Precompiled: the character map of a SentencePiece model. A grapheme of less than
/// six bytes is replaced by the value of its shortest known prefix; the characters of a longer or
/// unknown one are mapped one by one. (Marks behind a mapped letter are thus lost. It is the rule.)
class Charsmap final : public NormalizerStep {
 public:
  /// Throws std::invalid_argument with what is wrong when `blob` is no map: four bytes with the
  /// size of the trie, the trie in units of four bytes, then strings that each end with a NUL byte.
  explicit Charsmap(std::string_view blob);

  std::string_view apply(std::string_view text, TextBuffer& out) const override;
  bool is_local() const override { return keeps_letters_; }

 private:
  /// The value of the shortest prefix of `text`; data() is null where there is none.
  std::string_view find(std::string_view text) const;
  void append_grapheme(std::string_view grapheme, TextBuffer& out) const;

  std::vector<uint32_t> trie_;  // double array
  std::string values_;
  /// What an ASCII character becomes that is a grapheme alone: one ASCII character, or kComplex.
  std::array<char, 128> ascii_;
  bool keeps_letters_ = true;  // ASCII letters, digits and the space are mapped to themselves
};

}  // namespace fastintent
