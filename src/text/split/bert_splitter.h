#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"
#include "text/normalize/character_tables.h"

namespace fastintent {

/// BertPreTokenizer: words end at white space, which is dropped, and around each punctuation mark,
/// which is a word itself. Walks a normalized text without copying it.
class BertSplitter {
 public:
  explicit BertSplitter(std::string_view text)
      : next_(text.data()), end_(text.data() + text.size()) {}

  /// The next word; empty when there are no more.
  std::string_view next() {
    const char* start = next_;
    Role role = Role::space;
    size_t bytes = 0;
    for (; start != end_; start += bytes) {
      role = role_at(start, bytes);
      if (role != Role::space) {
        break;
      }
    }
    if (start == end_) {
      next_ = end_;
      return {};
    }
    next_ = start + bytes;
    if (role == Role::letter) {
      while (next_ != end_ && role_at(next_, bytes) == Role::letter) {
        next_ += bytes;
      }
    }
    return {start, static_cast<size_t>(next_ - start)};
  }

 private:
  enum class Role : uint8_t { letter, space, punctuation };

  static Role role_of(char32_t code_point) {
    const CharacterClass& kind = character_class(code_point);
    return kind.is_space ? Role::space : kind.is_punctuation ? Role::punctuation : Role::letter;
  }

  static Role role_at(const char* text, size_t& bytes) {
    static const std::array<Role, 128> ascii = [] {
      std::array<Role, 128> roles{};
      for (char32_t c = 0; c < roles.size(); ++c) {
        roles[c] = role_of(c);
      }
      return roles;
    }();
    const auto byte = static_cast<unsigned char>(*text);
    if (byte < ascii.size()) {
      bytes = 1;
      return ascii[byte];
    }
    const DecodedCharacter character = decode_utf8(text);
    bytes = character.bytes;
    return role_of(character.code_point);
  }

  const char* next_;
  const char* end_;
};

}  // namespace fastintent
