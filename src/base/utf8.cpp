#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace fastintent {
namespace {

struct Sequence {
  size_t bytes;  // of the code point, or of the maximal part of one that is there
  bool complete;
};

// The sequence at the start of `text`, which is not empty. Table 3-7 of the Unicode standard: only
// the second byte has a range that depends on the first.
Sequence first_sequence(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return {1, true};
  }
  if (lead < 0xC2 || lead > 0xF4) {
    return {1, false};
  }
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < 2 || byte(1) < low || byte(1) > high) {
    return {1, false};
  }
  for (size_t i = 2; i < length; ++i) {
    if (i == text.size() || !is_utf8_continuation(text[i])) {
      return {i, false};
    }
  }
  return {length, true};
}

}  // namespace

size_t valid_utf8_prefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight = 0;
    if (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & kHighBits) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const Sequence sequence = first_sequence(text.substr(i));
    if (!sequence.complete) {
      return i;
    }
    i += sequence.bytes;
  }
  return i;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const size_t valid = valid_utf8_prefix(text);
    repaired += text.substr(0, valid);
    text.remove_prefix(valid);
    if (!text.empty()) {
      repaired += "\xEF\xBF\xBD";
      text.remove_prefix(first_sequence(text).bytes);
    }
  }
  return repaired;
}

}  // namespace fastintent
