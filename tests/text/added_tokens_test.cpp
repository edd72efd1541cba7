#include "text/added_tokens.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "text/normalize/bert_normalizer.h"
#include "text/pieces/vocabulary.h"

namespace fastintent {
namespace {

Vocabulary vocabulary_of(const std::vector<Vocabulary::Entry>& entries) {
  Vocabulary vocabulary;
  for (const auto& [token, id] : entries) {
    vocabulary.set(token, id);
  }
  return vocabulary;
}

AddedToken token(const std::string& content) {
  AddedToken made;
  made.content = content;
  return made;
}

AddedTokenSets sets_of(const std::vector<AddedToken>& tokens, const Vocabulary& vocabulary = {}) {
  const BertNormalizer normalizer({});
  const auto normalize = [&](std::string_view text) {
    std::vector<char> buffer(BertNormalizer::buffer_bytes(text.size()));
    return std::string(normalizer.normalize(text, buffer.data()));
  };
  return make_added_tokens(tokens, vocabulary, normalize, "file");
}

// The segments of `text` in one line: "plain|<id>|plain".
std::string split(const AddedTokens& tokens, std::string_view text) {
  std::string line;
  AddedTokenSplitter splitter(tokens, text);
  for (AddedTokenSplitter::Segment segment; splitter.next(segment);) {
    line += line.empty() ? "" : "|";
    line += segment.id >= 0 ? "<" + std::to_string(segment.id) + ">" : std::string(segment.text);
  }
  return line;
}

TEST(AddedTokens, WithoutTokensTheTextStaysWhole) {
  EXPECT_EQ(split(sets_of({}).raw, "a text"), "a text");
  EXPECT_EQ(split(sets_of({}).raw, ""), "");
}

TEST(AddedTokens, TheLeftmostAndThenTheLongestIsTaken) {
  const auto tokens = sets_of({token("[M]"), token("[M][M]"), token("]x")}).raw;
  EXPECT_EQ(split(tokens, "[M]"), "<0>");
  EXPECT_EQ(split(tokens, "a[M][M][M]b"), "a|<1>|<0>|b");
  EXPECT_EQ(split(tokens, "[[M]x"), "[|<0>|x");
  EXPECT_EQ(split(tokens, "[M"), "[M");
}

TEST(AddedTokens, SingleWordsStandAlone) {
  AddedToken solo = token("solo");
  solo.single_word = true;
  const auto tokens = sets_of({solo}).raw;
  EXPECT_EQ(split(tokens, "solo"), "<0>");
  EXPECT_EQ(split(tokens, "(solo) soloist \u00E9solo solo\u0301 solo"),
            "(|<0>|) soloist \u00E9solo solo\u0301 |<0>");
}

TEST(AddedTokens, StrippingTakesUnicodeSpaceAlong) {
  AddedToken left = token("<l>");
  left.lstrip = true;
  AddedToken right = token("<r>");
  right.rstrip = true;
  const auto tokens = sets_of({left, right}).raw;
  EXPECT_EQ(split(tokens, "a \u3000<l> b"), "a|<0>| b");
  EXPECT_EQ(split(tokens, "a <r> \u3000b"), "a |<1>|b");
  EXPECT_EQ(split(tokens, "  <r>  <l>"), "  |<1>|<0>");
}

// Of two tokens of white space, lstrip decides which one `tokenizers` finds behind an rstrip.
TEST(AddedTokens, WhiteSpaceThatWasStrippedIsNoTokenWithLstrip) {
  AddedToken right = token("<r>");
  right.rstrip = true;
  AddedToken spaces = token("  ");
  EXPECT_EQ(split(sets_of({right, spaces}).raw, "<r>  b"), "<0>|<1>|b");
  spaces.lstrip = true;
  EXPECT_EQ(split(sets_of({right, spaces}).raw, "<r>  b"), "<0>|b");
  EXPECT_EQ(split(sets_of({right, spaces}).raw, "<r>a  b"), "<0>|a|<1>|b");
}

TEST(AddedTokens, NormalizedTokensAreSoughtInTheirNormalizedForm) {
  AddedToken cafe = token("Caf\u00E9");
  cafe.normalized = true;
  const auto sets = sets_of({cafe, token("x")});
  EXPECT_EQ(split(sets.normalized, "my cafe x"), "my |<0>| x");
  EXPECT_EQ(split(sets.raw, "my cafe x"), "my cafe |<1>");
}

TEST(AddedTokens, IdsAreTheVocabularysOrTheNextFree) {
  const auto sets = sets_of({token("new"), token("b"), token("newer"), token("new")},
                            vocabulary_of({{"a", 0}, {"b", 1}}));
  EXPECT_EQ(split(sets.raw, "new newer b"), "<2>| |<3>| |<1>");
  EXPECT_EQ(sets.id_count, 4);
}

TEST(AddedTokens, OfEqualNormalizedFormsTheLowestIdIsFound) {
  AddedToken upper = token("ABC");
  AddedToken lower = token("abc");
  AddedToken title = token("Abc");
  upper.normalized = lower.normalized = title.normalized = true;
  EXPECT_EQ(split(sets_of({upper, lower, title}).normalized, "abc"), "<0>");
  const auto sets = sets_of({upper, lower, title}, vocabulary_of({{"Abc", 0}, {"x", 1}}));
  EXPECT_EQ(split(sets.normalized, "an abc"), "an |<0>");
  EXPECT_EQ(sets.id_count, 4) << "the others keep their ids";
}

TEST(AddedTokens, AnEmptyNormalizedFormIsAnError) {
  AddedToken nothing = token("\u0301");
  nothing.normalized = true;
  expect_error(ErrorCode::bad_checkpoint, "found '\u0301'", [&] { sets_of({nothing}); });
}

}  // namespace
}  // namespace fastintent
