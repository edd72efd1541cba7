#include "text/normalize/bert_normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/utf8.h"
#include "text/split/bert_splitter.h"

namespace fastintent {
namespace {

constexpr BertNormalizerOptions kUncased;
constexpr BertNormalizerOptions kNothing{false, false, false, false};

std::string normalize(std::string_view text, BertNormalizerOptions options = kUncased) {
  std::vector<char> buffer(BertNormalizer::buffer_bytes(text.size()));
  return std::string(BertNormalizer(options).normalize(text, buffer.data()));
}

std::vector<std::string> words(std::string_view text) {
  BertSplitter splitter(text);
  std::vector<std::string> found;
  for (std::string_view word = splitter.next(); !word.empty(); word = splitter.next()) {
    found.emplace_back(word);
  }
  return found;
}

TEST(BertNormalizer, CleansControlCharactersAndSpaces) {
  using namespace std::string_literals;
  EXPECT_EQ(normalize("a\0b\x01\t\r\n\x7F\u200B\uFFFD\u00A0\u3000c"s), "ab     c");
}

TEST(BertNormalizer, PutsSpacesAroundIdeographsOnly) {
  EXPECT_EQ(normalize("a\u4F60\u3042"), "a \u4F60 \u3042");
  EXPECT_EQ(normalize("\uF900"), " \u8C48 ");  // a compatibility ideograph decomposes
  EXPECT_EQ(normalize("a\u4F60", {true, false, true, true}), "a\u4F60");
}

TEST(BertNormalizer, StripsAccents) {
  EXPECT_EQ(normalize("Caf\u00C9 e\u0301\u0300"), "cafe e");
  EXPECT_EQ(normalize("Caf\u00C9", {true, true, false, true}), "caf\u00E9");
  EXPECT_EQ(normalize("Caf\u00C9", {true, true, true, false}), "CafE");
}

TEST(BertNormalizer, DecomposesHangul) {
  EXPECT_EQ(normalize("\uD55C\uAC00"), "\u1112\u1161\u11AB\u1100\u1161");
}

TEST(BertNormalizer, LowersACharacterAtATime) {
  EXPECT_EQ(normalize("\u039F\u03A3 \u1E9E"), "\u03BF\u03C3 \u00DF");  // no final sigma
}

TEST(BertNormalizer, CapitalIWithDotKeepsItsDotUnlessStripped) {
  EXPECT_EQ(normalize("\u0130"), "i");
  EXPECT_EQ(normalize("\u0130", {true, true, false, true}), "i\u0307");
}

// U+302E (class 224) and U+1B44 (9) are spacing marks, which are not stripped.
TEST(BertNormalizer, SortsTheMarksThatAreLeft) {
  EXPECT_EQ(normalize("a\u302E\u1B44"), "a\u1B44\u302E");
  EXPECT_EQ(normalize("a\u302E\u0301\u1B44"), "a\u1B44\u302E");
  EXPECT_EQ(normalize("a\u302E \u1B44"), "a\u302E \u1B44");
  EXPECT_EQ(normalize("a\u302E\x01\u1B44"), "a\u1B44\u302E") << "a removed control ends no run";
  EXPECT_EQ(normalize("a\u302E\u1B44", {true, true, false, true}), "a\u302E\u1B44");
}

TEST(BertNormalizer, WithoutOptionsNothingChanges) {
  using namespace std::string_literals;
  const std::string text = "A\0\u0130\u4F60\uFFFD\u00C9 \u0898\u302E\t"s;
  EXPECT_EQ(normalize(text, kNothing), text);
}

TEST(BertNormalizer, StaysWithinItsBufferForEveryCodePoint) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) {
      continue;
    }
    char bytes[kMaxUtf8Bytes];
    const auto length = static_cast<size_t>(encode_utf8(c, bytes) - bytes);
    for (const BertNormalizerOptions options :
         {kUncased, BertNormalizerOptions{true, true, false, true}}) {
      const std::string once = normalize({bytes, length}, options);
      ASSERT_LE(once.size(), length * kMaxNormalizedGrowth) << uint32_t{c};
      ASSERT_EQ(valid_utf8_prefix(once), once.size()) << uint32_t{c};
    }
  }
}

TEST(BertSplitter, EndsWordsAtSpaceAndPunctuation) {
  EXPECT_EQ(words(""), std::vector<std::string>{});
  EXPECT_EQ(words(" \t\u3000"), std::vector<std::string>{});
  EXPECT_EQ(words(" don't  \u00BFqu\u00E9?"),
            (std::vector<std::string>{"don", "'", "t", "\u00BF", "qu\u00E9", "?"}));
  EXPECT_EQ(words("a$b+c"), (std::vector<std::string>{"a", "$", "b", "+", "c"}));
  EXPECT_EQ(words("a\u20ACb"), (std::vector<std::string>{"a\u20ACb"})) << "no symbol outside ASCII";
}

}  // namespace
}  // namespace fastintent
