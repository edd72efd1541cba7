#pragma once

#include <array>
#include <string_view>

#include "base/utf8.h"
#include "text/normalize/text_buffer.h"
#include "text/normalize/unicode_tables.h"

namespace fastintent {

/// The pre-tokenizer ByteLevel with its regular expression:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
class ByteLevelSplitter {
 public:
  /// `add_space`: a text gets a space in front that has none.
  explicit ByteLevelSplitter(bool add_space) : add_space_(add_space) {}

  /// Whether words end where a text is cut before a space between two letters or digits.
  static constexpr bool is_local() { return true; }

  /// Calls `use` with each word in order as long as it returns true. `buffer` is empty before.
  template <typename Use>
  void for_each_word(std::string_view text,
                     bool /*at_start*/,
                     TextBuffer& buffer,
                     const Use& use) const {
    if (add_space_ && !text.empty() && text[0] != ' ') {
      buffer.clear();
      buffer.append(" ");
      buffer.append(text);
      text = buffer.view();
    }
    while (!text.empty()) {
      const size_t bytes = first_word(text);
      if (!use(text.substr(0, bytes))) {
        return;
      }
      text.remove_prefix(bytes);
    }
  }

 private:
  static CharacterKind kind_at(const char* text, size_t& bytes) {
    static const std::array<CharacterKind, 128> ascii = [] {
      std::array<CharacterKind, 128> kinds{};
      for (char32_t c = 0; c < kinds.size(); ++c) {
        kinds[c] = unicode_class(c).kind;
      }
      return kinds;
    }();
    const auto byte = static_cast<unsigned char>(*text);
    if (byte < ascii.size()) {
      bytes = 1;
      return ascii[byte];
    }
    const DecodedCharacter character = decode_utf8(text);
    bytes = character.bytes;
    return unicode_class(character.code_point).kind;
  }

  // The end of the run of characters of the kind at `start`.
  static size_t end_of_run(std::string_view text, size_t start) {
    size_t bytes = 0;
    const CharacterKind kind = kind_at(text.data() + start, bytes);
    size_t end = start + bytes;
    while (end < text.size() && kind_at(text.data() + end, bytes) == kind) {
      end += bytes;
    }
    return end;
  }

  static size_t contraction(std::string_view text) {
    for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
      if (text.starts_with(ending)) {
        return ending.size();
      }
    }
    return 0;
  }

  static size_t first_word(std::string_view text) {
    size_t bytes = 0;
    if (text[0] == '\'') {
      if (const size_t size = contraction(text); size != 0) {
        return size;
      }
    }
    const size_t start = text[0] == ' ' && text.size() > 1 ? 1 : 0;
    if (kind_at(text.data() + start, bytes) != CharacterKind::space) {
      return end_of_run(text, start);
    }
    // White space: its last character begins the next word, unless it is alone.
    const size_t end = end_of_run(text, 0);
    if (end == text.size()) {
      return end;
    }
    const size_t last = end - decode_last_utf8(text.substr(0, end)).bytes;
    return last == 0 ? end : last;
  }

  bool add_space_;
};

}  // namespace fastintent
