#include "text/pieces/byte_pair.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/ids_of.h"
#include "text/split/byte_level_splitter.h"

namespace fastintent {
namespace {

// The tokens in the order of their ids; merges name pairs of them.
BytePairOptions options_of(const std::vector<std::string>& tokens,
                           const std::vector<std::pair<std::string, std::string>>& merges) {
  BytePairOptions options;
  for (size_t id = 0; id < tokens.size(); ++id) {
    options.vocabulary.set(tokens[id], static_cast<int32_t>(id));
  }
  for (const auto& [left, right] : merges) {
    options.merges.push_back({options.vocabulary.find(left),
                              options.vocabulary.find(right),
                              options.vocabulary.find(left + right)});
  }
  return options;
}

TEST(BytePair, MergesTheFirstPairOfTheListFirst) {
  const BytePair model(options_of({"a", "b", "c", "bc", "ab", "abc"}, {{"b", "c"}, {"a", "b"}}));
  EXPECT_EQ(ids_of(model, "abc"), (Ids{0, 3})) << "no merge makes the token";
  EXPECT_EQ(ids_of(model, "ab"), (Ids{4}));
  EXPECT_EQ(ids_of(model, "abab"), (Ids{4, 4}));
}

TEST(BytePair, AWordThatIsATokenMayWin) {
  BytePairOptions options = options_of({"a", "b", "ab"}, {});
  EXPECT_EQ(ids_of(BytePair(options), "ab"), (Ids{0, 1}));
  options.rules.ignore_merges = true;
  EXPECT_EQ(ids_of(BytePair(options), "ab"), (Ids{2}));
  EXPECT_EQ(ids_of(BytePair(options), "aba"), (Ids{0, 1, 0}));
}

TEST(BytePair, UnknownCharactersVanishOrAreATokenEachOrOneTogether) {
  BytePairOptions options = options_of({"<unk>", "a", "b", "ab"}, {{"a", "b"}});
  EXPECT_EQ(ids_of(BytePair(options), "a\u00E9\u00E8b"), (Ids{3})) << "neighbours then";
  options.rules.unknown_id = 0;
  EXPECT_EQ(ids_of(BytePair(options), "a\u00E9\u00E8b"), (Ids{1, 0, 0, 2}));
  options.rules.fuse_unknown = true;
  EXPECT_EQ(ids_of(BytePair(options), "a\u00E9\u00E8b\u00E8"), (Ids{1, 0, 2, 0}));
}

TEST(BytePair, UnknownCharactersFallBackToBytes) {
  BytePairOptions options = options_of({"<unk>", "a", "<0xC3>", "<0xA9>"}, {});
  options.rules.unknown_id = 0;
  options.rules.byte_fallback = true;
  EXPECT_EQ(ids_of(BytePair(options), "a\u00E9"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(BytePair(options), "\u00E8\u00E9a"), (Ids{2, 3, 0, 1})) << "behind the bytes";
}

TEST(BytePair, ByteLettersStandForBytes) {
  EXPECT_EQ(from_byte_letters("\u0120a\u00C3\u00A9"), " a\u00E9");
  EXPECT_EQ(from_byte_letters("\u0100\u0143"), (std::string{'\0', '\xAD'}));
  EXPECT_EQ(from_byte_letters("a b"), "") << "a space has a letter of its own";
  BytePairOptions options = options_of({"\u00C3", "\u00A9", "\u00C3\u00A9", "\u0120"}, {});
  options.rules.byte_level = true;
  EXPECT_EQ(ids_of(BytePair(options), " \u00E9"), (Ids{3, 0, 1}));
}

TEST(BytePair, LongWordsAreMergedAsShortOnes) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> tokens = {"a", "b", "c"};
    std::vector<std::pair<std::string, std::string>> merges;
    for (int i = 0; i < 12; ++i) {
      merges.emplace_back(tokens[random() % tokens.size()], tokens[random() % tokens.size()]);
      tokens.push_back(merges.back().first + merges.back().second);
    }
    const BytePair model(options_of(tokens, merges));
    std::string word;
    for (int i = 0; i < 100; ++i) {
      word += static_cast<char>('a' + random() % 3);
    }
    // As the definition reads: the first merge of the list that is anywhere, at its leftmost place.
    std::vector<std::string> symbols;
    for (const char c : word) {
      symbols.emplace_back(1, c);
    }
    const auto merge_one = [&] {
      size_t best = merges.size();
      size_t place = 0;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        for (size_t rank = 0; rank < merges.size(); ++rank) {
          const bool later = std::find(merges.begin() + static_cast<std::ptrdiff_t>(rank) + 1,
                                       merges.end(),
                                       merges[rank]) != merges.end();
          if (!later && rank < best && merges[rank] == std::pair(symbols[i], symbols[i + 1])) {
            best = rank;
            place = i;
          }
        }
      }
      if (best == merges.size()) {
        return false;
      }
      symbols[place] += symbols[place + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
      return true;
    };
    while (merge_one()) {
    }
    std::vector<std::string> found;
    for (const int32_t id : ids_of(model, word)) {
      found.push_back(tokens[static_cast<size_t>(id)]);
    }
    EXPECT_EQ(found, symbols);
  }
}

std::vector<std::string> words(std::string_view text, bool add_space = false) {
  std::vector<std::string> found;
  TextBuffer buffer;
  ByteLevelSplitter(add_space).for_each_word(text, true, buffer, [&](std::string_view word) {
    found.emplace_back(word);
    return true;
  });
  return found;
}

TEST(ByteLevelSplitter, DividesAsItsExpression) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words("I'll don't 's"), (Words{"I", "'ll", " don", "'t", " '", "s"}));
  EXPECT_EQ(words("a  b\n\nc "), (Words{"a", " ", " b", "\n", "\n", "c", " "}));
  EXPECT_EQ(words("ab12 \u00BD,.\u4F60"), (Words{"ab", "12", " \u00BD", ",.", "\u4F60"}));
  EXPECT_EQ(words("a\u00A0\u3000b"), (Words{"a", "\u00A0", "\u3000", "b"}));
  EXPECT_EQ(words(" \t"), (Words{" \t"}));
  EXPECT_EQ(words("a", true), (Words{" a"}));
  EXPECT_EQ(words(" a", true), (Words{" a"}));
  EXPECT_EQ(words("", true), (Words{}));
}

}  // namespace
}  // namespace fastintent
