#include "text/pieces/unigram.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>

#include "text/ids_of.h"

namespace fastintent {
namespace {

UnigramOptions options_of(const std::vector<std::pair<std::string, double>>& pieces) {
  UnigramOptions options;
  for (const auto& [token, score] : pieces) {
    options.tokens.push_back(token);
    options.scores.push_back(score);
  }
  return options;
}

TEST(Unigram, TheBestSumOfScoresWins) {
  const Unigram model(options_of({{"<unk>", 0},
                                  {"a", 0},
                                  {"b", 0},
                                  {"c", 0},
                                  {"cd", 1},
                                  {"ab", 2},
                                  {"abc", 5},
                                  {"abcd", 10}}));
  EXPECT_EQ(ids_of(model, "abcd"), (Ids{7}));
  EXPECT_EQ(ids_of(model, "abcdacdxx"), (Ids{7, 1, 4, 0})) << "unknown characters are joined";
}

TEST(Unigram, ATokenMayBeWorseThanItsParts) {
  const Unigram model(options_of({{"<unk>", 0}, {"a", -1}, {"b", -1}, {"ab", -3}, {"ba", -2}}));
  for (int i = 0; i < 2; ++i) {  // the second time it is known
    EXPECT_EQ(ids_of(model, "ab"), (Ids{1, 2}));
    EXPECT_EQ(ids_of(model, "ba"), (Ids{4})) << "the first of equal sums";
  }
}

TEST(Unigram, OfEqualTokensTheLastCounts) {
  const Unigram model(options_of({{"<unk>", 0}, {"a", -1}, {"a", -2}}));
  EXPECT_EQ(ids_of(model, "aa"), (Ids{2, 2}));
  EXPECT_EQ(model.size(), 3U);
}

TEST(Unigram, UnknownCharactersFallBackToBytes) {
  auto pieces = std::vector<std::pair<std::string, double>>{{"<unk>", 0}, {"a", -1}};
  pieces.emplace_back("<0xC3>", 0);
  pieces.emplace_back("<0xA9>", 0);
  UnigramOptions options = options_of(pieces);
  options.byte_fallback = true;
  const Unigram model(options);
  EXPECT_EQ(ids_of(model, "a\u00E9"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(model, "a\u00E9\u00E8"), (Ids{1, 0})) << "joined, and one byte is absent";
}

TEST(Unigram, TheUnknownTokenInATextIsUnknown) {
  const Unigram model(options_of({{"<unk>", 0}, {"a", -1}, {"x", -50}}));
  EXPECT_EQ(ids_of(model, "a<unk>b"), (Ids{1, 0}));
}

TEST(Unigram, KeepsToTheRoom) {
  const Unigram model(options_of({{"<unk>", 0}, {"a", -1}}));
  Ids ids;
  IdSink sink{ids, 3};
  model.append("aaaaa", sink);
  EXPECT_EQ(ids, (Ids{1, 1, 1}));
  EXPECT_TRUE(sink.truncated);
}

// The best sum over all divisions of `word`, by trying each.
double best_sum(const std::map<std::string, double>& scores, const std::string& word) {
  if (word.empty()) {
    return 0;
  }
  double best = -std::numeric_limits<double>::infinity();
  for (size_t bytes = 1; bytes <= word.size(); ++bytes) {
    const auto found = scores.find(word.substr(0, bytes));
    if (found != scores.end()) {
      best = std::max(best, found->second + best_sum(scores, word.substr(bytes)));
    }
  }
  return best;
}

TEST(Unigram, AgreesWithTheDefinitionOnRandomVocabularies) {
  std::mt19937 random(5);
  const auto below = [&](int bound) {
    return static_cast<int>(random() % static_cast<unsigned>(bound));
  };
  const auto random_word = [&](int longest) {
    std::string word;
    for (int i = below(longest) + 1; i > 0; --i) {
      word += static_cast<char>('a' + below(3));
    }
    return word;
  };
  for (int round = 0; round < 100; ++round) {
    std::vector<std::pair<std::string, double>> pieces = {
        {"<unk>", 0}, {"a", -5}, {"b", -4}, {"c", -6}};
    std::map<std::string, double> scores(pieces.begin() + 1, pieces.end());
    for (int i = 0; i < 20; ++i) {
      const std::string piece = random_word(5);
      if (scores.emplace(piece, -below(1000) / 64.0).second) {
        pieces.emplace_back(piece, scores[piece]);
      }
    }
    const Unigram model(options_of(pieces));
    for (int i = 0; i < 20; ++i) {
      const std::string word = random_word(12);
      std::string joined;
      double sum = 0;
      for (const int32_t id : ids_of(model, word)) {
        joined += pieces[static_cast<size_t>(id)].first;
        sum += pieces[static_cast<size_t>(id)].second;
      }
      EXPECT_EQ(joined, word);
      EXPECT_EQ(sum, best_sum(scores, word)) << word;  // sums of multiples of 1/64 are exact
    }
  }
}

}  // namespace
}  // namespace fastintent
