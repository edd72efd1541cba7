#include "text/pieces/wordpiece.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/normalize/bert_normalizer.h"

namespace fastintent {
namespace {

using Ids = std::vector<int32_t>;

WordPieceOptions options_of(const std::vector<std::string>& tokens) {
  WordPieceOptions options;
  for (const std::string& token : tokens) {
    options.vocabulary.set(token, static_cast<int32_t>(options.vocabulary.size()));
  }
  return options;
}

Ids pieces(const WordPiece& wordpiece, std::string word, size_t room = 1000) {
  Ids ids;
  const size_t size = word.size();
  word.resize(size + kLoadBytes, '~');  // bytes after a word must not matter
  wordpiece.append({word.data(), size}, room, ids);
  return ids;
}

const std::string kLong = "internationalisation";  // 20 bytes: past the two loads

TEST(WordPiece, TakesTheLongestPieces) {
  const WordPiece wordpiece(
      options_of({"[UNK]", "un", "unable", "##a", "##able", "##aff", kLong, "##" + kLong}));
  EXPECT_EQ(pieces(wordpiece, "un"), Ids{1});
  EXPECT_EQ(pieces(wordpiece, "unable"), Ids{2});
  EXPECT_EQ(pieces(wordpiece, "unaffable"), (Ids{1, 5, 4}));
  EXPECT_EQ(pieces(wordpiece, kLong), Ids{6});
  EXPECT_EQ(pieces(wordpiece, kLong + kLong + "a"), (Ids{6, 7, 3}));
  EXPECT_EQ(pieces(wordpiece, "un" + kLong), (Ids{1, 7}));
}

TEST(WordPiece, AWordWithAnUnknownPartIsUnknownWhole) {
  const WordPiece wordpiece(options_of({"[UNK]", "a", "##a"}));
  EXPECT_EQ(pieces(wordpiece, "aab"), Ids{0});
  EXPECT_EQ(pieces(wordpiece, "b"), Ids{0});
  EXPECT_EQ(pieces(wordpiece, kLong), Ids{0});
}

TEST(WordPiece, CountsCharactersNotBytes) {
  auto options = options_of({"[UNK]", "\u00E9", "##\u00E9"});
  options.max_characters_per_word = 3;
  const WordPiece wordpiece(options);
  EXPECT_EQ(pieces(wordpiece, "\u00E9\u00E9\u00E9"), (Ids{1, 2, 2}));
  EXPECT_EQ(pieces(wordpiece, "\u00E9\u00E9\u00E9\u00E9"), Ids{0});
}

TEST(WordPiece, KeepsToTheRoomAndCountsBeyondIt) {
  const WordPiece wordpiece(options_of({"[UNK]", "a", "##a"}));
  Ids ids{7};
  const std::string word = "aaaa" + std::string(kLoadBytes, '\0');
  EXPECT_EQ(wordpiece.append({word.data(), 4}, 2, ids), 4U);
  EXPECT_EQ(ids, (Ids{7, 1, 2}));
  EXPECT_EQ(wordpiece.append({word.data(), 4}, 0, ids), 4U);
  EXPECT_EQ(ids, (Ids{7, 1, 2}));
}

TEST(WordPiece, ANulIsACharacter) {
  using namespace std::string_literals;
  const WordPiece wordpiece(options_of({"[UNK]", "a", "a\0"s, "##\0"s}));
  EXPECT_EQ(pieces(wordpiece, "a\0"s), Ids{2});
  EXPECT_EQ(pieces(wordpiece, "a\0\0"s), (Ids{2, 3}));
}

TEST(WordPiece, AnEmptyPrefixLetsEveryPieceContinue) {
  auto options = options_of({"[UNK]", "ab", "c"});
  options.continuation_prefix = "";
  EXPECT_EQ(pieces(WordPiece(options), "cabc"), (Ids{2, 1, 2}));
}

// As `tokenizers` does it: try each end from the word's, until a piece is in the vocabulary.
Ids slow_pieces(const WordPieceOptions& options, const std::string& word) {
  Ids ids;
  for (size_t start = 0; start < word.size();) {
    size_t end = word.size();
    const auto find = [&] {
      return options.vocabulary.find((start > 0 ? "##" : "") + word.substr(start, end - start));
    };
    while (end > start && find() < 0) {
      --end;
    }
    if (end == start) {
      return {options.vocabulary.find("[UNK]")};
    }
    ids.push_back(find());
    start = end;
  }
  return ids;
}

TEST(WordPiece, AgreesWithTheDefinitionOnRandomVocabularies) {
  std::mt19937 random(5);
  const auto random_word = [&](size_t longest) {
    std::string word(1 + random() % longest, 'a');
    for (char& c : word) {
      c = static_cast<char>('a' + random() % 2);
    }
    return word;
  };
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> tokens{"[UNK]", "a", "##b"};
    for (int i = 0; i < 200; ++i) {
      tokens.push_back((random() % 2 == 0 ? "##" : "") + random_word(24));
    }
    const WordPieceOptions options = options_of(tokens);
    const WordPiece wordpiece(options);
    for (int i = 0; i < 200; ++i) {
      const std::string word = random_word(60);
      ASSERT_EQ(pieces(wordpiece, word), slow_pieces(options, word)) << word;
    }
  }
}

}  // namespace
}  // namespace fastintent
