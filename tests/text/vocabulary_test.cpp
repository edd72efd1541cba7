#include "text/pieces/vocabulary.h"

#include <gtest/gtest.h>

#include <string>

namespace fastintent {
namespace {

TEST(Vocabulary, FindsWhatWasAdded) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.find("a"), -1);
  constexpr int32_t kTokens = 1000;  // grows several times
  for (int32_t id = 0; id < kTokens; ++id) {
    vocabulary.set("token " + std::to_string(id), id);
  }
  EXPECT_EQ(vocabulary.size(), size_t{kTokens});
  for (int32_t id = 0; id < kTokens; ++id) {
    EXPECT_EQ(vocabulary.find("token " + std::to_string(id)), id);
  }
  EXPECT_EQ(vocabulary.find("token"), -1);
  EXPECT_EQ(vocabulary.find(""), -1);
}

TEST(Vocabulary, TheLastOfEqualTokensCounts) {
  Vocabulary vocabulary;
  vocabulary.set("a", 0);
  vocabulary.set("", 1);
  vocabulary.set("a", 2);
  EXPECT_EQ(vocabulary.find("a"), 2);
  const std::vector<Vocabulary::Entry> entries(vocabulary.begin(), vocabulary.end());
  EXPECT_EQ(entries, (std::vector<Vocabulary::Entry>{{"a", 2}, {"", 1}}));
}

}  // namespace
}  // namespace fastintent
