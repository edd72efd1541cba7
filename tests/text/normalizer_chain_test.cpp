#include "text/normalize/normalizer_chain.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "base/expect_error.h"
#include "text/normalize/character_steps.h"
#include "text/normalize/charsmap.h"
#include "text/normalize/replace.h"
#include "text/normalize/unicode_form.h"

namespace fastintent {
namespace {

template <typename Step>
std::string applied(const Step& step, std::string_view text) {
  NormalizerChain chain;
  chain.add(std::make_shared<Step>(step));
  return chain.normalized(text);
}

TEST(NormalizerChain, AppliesItsStepsInOrder) {
  NormalizerChain chain;
  EXPECT_EQ(chain.normalized(" A"), " A");
  chain.add(std::make_shared<Strip>(true, true));
  chain.add(std::make_shared<Replace>("a", 0, "  "));
  chain.add_first(std::make_shared<LowerCase>());
  EXPECT_EQ(chain.normalized(" Ab "), "  b");
}

TEST(NormalizerChain, LongTextsGrowBeyondTheStack) {
  NormalizerChain chain;
  chain.add(std::make_shared<Replace>("a", 0, "bcd"));
  chain.add(std::make_shared<Replace>("bc", 0, "xyz"));
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    expected += "xyzd";
  }
  EXPECT_EQ(chain.normalized(std::string(5'000, 'a')), expected);
}

TEST(NormalizerChain, RefusesToGrowWithoutBound) {
  NormalizerChain chain;
  for (int i = 0; i < 40; ++i) {
    chain.add(std::make_shared<Replace>("a", 0, "aa"));
  }
  expect_error(ErrorCode::bad_checkpoint, "at most 256 times", [&] { chain.normalized("a"); });
  EXPECT_EQ(chain.normalized("b"), "b");
}

TEST(Replace, TakesAsManyAsThereAre) {
  EXPECT_EQ(applied(Replace(" ", 2, " "), "a b  c    d "), "a b c d ");
  EXPECT_EQ(applied(Replace("``", 0, "\""), "```a"), "\"`a");
  EXPECT_EQ(applied(Replace("\u3042", 1, ""), "\u3042\u3042a\u3044"), "a\u3044");
}

TEST(Replace, IsLocalWhereNoMatchReachesAcrossASpaceBetweenLetters) {
  EXPECT_TRUE(Replace(" ", 2, " ").is_local());
  EXPECT_TRUE(Replace("``", 0, "\"").is_local());
  EXPECT_FALSE(Replace(" ", 1, "x").is_local());
  EXPECT_FALSE(Replace("a b", 0, "").is_local());
}

TEST(UnicodeForm, ComposesAndDecomposes) {
  const UnicodeForm nfc(false, true);
  const UnicodeForm nfd(false, false);
  const UnicodeForm nfkc(true, true);
  EXPECT_EQ(applied(nfc, "e\u0301 \u1112\u1161\u11AB"), "\u00E9 \uD55C");
  EXPECT_EQ(applied(nfd, "\u00E9\uD55C"), "e\u0301\u1112\u1161\u11AB");
  EXPECT_EQ(applied(nfd, "a\u0315\u0300\u05AE"), "a\u05AE\u0300\u0315") << "by combining class";
  EXPECT_EQ(applied(nfc, "\u212B \u0958"), "\u00C5 \u0915\u093C") << "some never compose";
  EXPECT_EQ(applied(nfkc, "\uFB01\u2460 x\u00B2"), "fi1 x2");
  EXPECT_EQ(applied(nfkc, "plain"), "plain");
}

TEST(StripAccents, RemovesMarksAlone) {
  EXPECT_EQ(applied(StripAccents(), "e\u0301\u00E9\u0903"), "e\u00E9");
}

TEST(LowerCase, KeepsTheDot) {
  EXPECT_EQ(applied(LowerCase(), "\u0130\u03A3"), "i\u0307\u03C3");
}

TEST(Charsmap, MalformedMapsAreRefused) {
  using namespace std::string_literals;
  for (const std::string& blob :
       {""s, "\4\0\0"s, "\4\0\0\0"s, "\0\0\0\0"s, "\4\0\0\0\0\0\0\0\xFF"s}) {
    EXPECT_THROW(Charsmap{blob}, std::invalid_argument);
  }
  std::string long_value = "\4\0\0\0\0\0\0\0"s;
  long_value.append(300, 'x');
  EXPECT_THROW(Charsmap{long_value}, std::invalid_argument);
  EXPECT_EQ(applied(Charsmap("\4\0\0\0\0\0\0\0"s), "a\u00E9\r\n"), "a\u00E9\r\n");
}

}  // namespace
}  // namespace fastintent
