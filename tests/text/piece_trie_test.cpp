#include "text/pieces/piece_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace fastintent {
namespace {

TEST(PieceTrie, WithoutPiecesFindsNone) {
  const PieceTrie trie;
  EXPECT_EQ(trie.find("a"), -1);
  EXPECT_EQ(trie.step(PieceTrie::kRoot, '\0'), PieceTrie::kNone);
}

TEST(PieceTrie, OfEqualPiecesTheLastCounts) {
  const PieceTrie trie({{"ab", 1}, {"a", 2}, {"ab", 3}});
  EXPECT_EQ(trie.find("ab"), 3);
  EXPECT_EQ(trie.find("a"), 2);
  EXPECT_EQ(trie.find("b"), -1);
}

TEST(PieceTrie, AllBytesMayBeInAPiece) {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) {
    texts.push_back({static_cast<char>(byte)});
    texts.push_back({'\0', static_cast<char>(byte), '\xFF'});
  }
  std::vector<PieceTrie::Piece> pieces;
  for (size_t i = 0; i < texts.size(); ++i) {
    pieces.emplace_back(texts[i], static_cast<int32_t>(i));
  }
  const PieceTrie trie(pieces);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(trie.find(texts[i]), static_cast<int32_t>(i));
  }
}

TEST(PieceTrie, AgreesWithAMapOnRandomPieces) {
  std::mt19937 random(7);
  for (const unsigned letters : {2U, 26U, 256U}) {
    std::map<std::string, int32_t> expected;
    for (int32_t i = 0; i < 5'000; ++i) {
      std::string text(1 + random() % 12, '\0');
      for (char& byte : text) {
        byte = static_cast<char>(random() % letters);
      }
      expected.emplace(text, i);
    }
    const PieceTrie trie({expected.begin(), expected.end()});
    for (const auto& [text, value] : expected) {
      EXPECT_EQ(trie.find(text), value);
      for (const std::string& other :
           {text + '\1', text.substr(1), text.substr(0, text.size() - 1)}) {
        const auto found = expected.find(other);
        EXPECT_EQ(trie.find(other), found == expected.end() ? -1 : found->second);
      }
    }
  }
}

}  // namespace
}  // namespace fastintent
