#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace fastintent {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

std::string replacements(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += kReplacement;
  }
  return text;
}

TEST(Utf8, EveryCodePointSurvivesTheRoundTrip) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) {
      continue;
    }
    char bytes[kMaxUtf8Bytes];
    const auto length = static_cast<size_t>(encode_utf8(c, bytes) - bytes);
    ASSERT_EQ(valid_utf8_prefix({bytes, length}), length) << uint32_t{c};
    const DecodedCharacter decoded = decode_utf8(bytes);
    ASSERT_EQ(decoded.code_point, c);
    ASSERT_EQ(decoded.bytes, length);
  }
}

TEST(Utf8, ValidPrefixEndsAtTheFirstBadByte) {
  EXPECT_EQ(valid_utf8_prefix(""), 0U);
  EXPECT_EQ(valid_utf8_prefix("0123456789abcdef"), 16U);
  EXPECT_EQ(valid_utf8_prefix("0123456\x80"), 7U);
  EXPECT_EQ(valid_utf8_prefix("01234567\xC3"), 8U);
  EXPECT_EQ(valid_utf8_prefix("\xC3\xA9\xED\xA0\x80"), 2U);
}

// The examples of the Unicode standard, tables 3-8 to 3-11.
TEST(Utf8, InvalidBytesBecomeOneReplacementForEachMaximalPart) {
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), replacements(8) + "A");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), replacements(8) + "A");
  EXPECT_EQ(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            replacements(5) + "A" + replacements(2) + "B");
  EXPECT_EQ(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), replacements(4) + "A");
}

TEST(Utf8, ValidTextIsKept) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(replace_invalid_utf8(text), text);
}

}  // namespace
}  // namespace fastintent
