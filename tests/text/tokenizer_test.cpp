#include "fastintent/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace fastintent {
namespace {

using Ids = std::vector<int32_t>;

const std::filesystem::path kFolder = "tests/text/data/uncased";
constexpr int kWhole = 1 << 20;
constexpr int32_t kCls = 2, kSep = 3;

TEST(Tokenizer, AppendsBehindWhatIsThere) {
  const Tokenizer tokenizer(kFolder, 16);
  Ids ids{42};
  EXPECT_FALSE(tokenizer.append_ids("", ids));
  EXPECT_EQ(ids, (Ids{42, kCls, kSep}));
}

TEST(Tokenizer, DoesNotAllocateWhenThereIsRoom) {
  const Tokenizer tokenizer(kFolder, 16);
  Ids ids;
  ids.reserve(16);
  const int32_t* const data = ids.data();
  std::string text(100, 'x');
  text += " my card";
  EXPECT_TRUE(tokenizer.append_ids(text, ids));
  EXPECT_EQ(ids.size(), 16U);
  EXPECT_EQ(ids.data(), data);
}

TEST(Tokenizer, ExactlyFullIsNotTruncated) {
  EXPECT_FALSE(Tokenizer(kFolder, 5).encode("my lost card").truncated);
  EXPECT_FALSE(Tokenizer(kFolder, 5).encode("my lost card  \n").truncated);
  EXPECT_TRUE(Tokenizer(kFolder, 4).encode("my lost card").truncated);
  EXPECT_TRUE(Tokenizer(kFolder, 4).encode("my lost [MASK]").truncated);
}

TEST(Tokenizer, CopiesAgree) {
  const Tokenizer tokenizer(kFolder, 32);
  const Tokenizer copy = tokenizer;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.encode("my card").ids, tokenizer.encode("my card").ids);
}

TEST(Tokenizer, InvalidUtf8ReadsAsReplacementCharacters) {
  const Tokenizer tokenizer(kFolder, 64);
  EXPECT_EQ(tokenizer.encode("my\xFF card\xE2\x82 [MASK]\xC3").ids,
            tokenizer.encode("my\uFFFD card\uFFFD [MASK]\uFFFD").ids);
}

// Texts longer than several blocks, with and without spaces to cut at.
std::string long_text(std::mt19937& random) {
  const std::string parts[] = {"my ",
                               "card",
                               "\u00E9",
                               "\u4F60",
                               "[MASK]",
                               "\u0301",
                               "?",
                               "\u302E\u1B44",
                               "<left>",
                               "  ",
                               "\x01",
                               "\t",
                               "solo",
                               "\xFF"};
  const bool spaceless = random() % 4 == 0;
  std::string text;
  while (text.size() < 10'000) {
    const std::string& part = parts[random() % std::size(parts)];
    if (!spaceless || part.find(' ') == std::string::npos) {
      text += part;
    }
  }
  return text;
}

TEST(Tokenizer, TruncationGivesThePrefix) {
  std::mt19937 random(3);
  const Tokenizer whole(kFolder, kWhole);
  for (int round = 0; round < 20; ++round) {
    const std::string text = long_text(random);
    const Ids all = whole.encode(text).ids;
    for (const int length : {3, 10, 500}) {
      const auto cut = Tokenizer(kFolder, length).encode(text);
      Ids expected(all.begin(), all.begin() + length - 1);
      expected.push_back(kSep);
      EXPECT_TRUE(cut.truncated);
      EXPECT_EQ(cut.ids, expected);
    }
  }
}

// A block ends only where the ids cannot depend on it, so a text is the sum of its lines.
TEST(Tokenizer, LongTextsAreTheSumOfTheirParts) {
  std::mt19937 random(4);
  const Tokenizer tokenizer(kFolder, kWhole);
  const std::string separator = " my ";  // no added token reaches across it
  std::string text;
  Ids expected{kCls};
  for (int part = 0; part < 30; ++part) {
    const std::string piece = long_text(random).substr(0, 1 + random() % 3000) + separator;
    text += piece;
    const Ids ids = tokenizer.encode(piece).ids;
    expected.insert(expected.end(), ids.begin() + 1, ids.end() - 1);
  }
  expected.push_back(kSep);
  EXPECT_EQ(tokenizer.encode(text).ids, expected);
}

TEST(Tokenizer, HugeTextsAreRead) {
  const Tokenizer tokenizer(kFolder, kWhole);
  EXPECT_EQ(tokenizer.encode(std::string(4 << 20, 'x')).ids.size(), 3U);
  EXPECT_EQ(tokenizer.encode(std::string(1 << 19, '?')).ids.size(), (1U << 19) + 2);
  EXPECT_EQ(tokenizer.encode(std::string(4 << 20, '[')).ids.size(), static_cast<size_t>(kWhole));
}

}  // namespace
}  // namespace fastintent
