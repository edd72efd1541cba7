#include "text/read/score.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

TEST(ParseScore, RoundsAsTokenizersDoes) {
  // Written by json.loads(Tokenizer.from_str(…).to_str()) of tokenizers 0.23.3; Python reads
  // another last bit in each.
  EXPECT_EQ(parse_score("-30.8991394411771516204661099"), -0x1.ee62e009e664ap+4);
  EXPECT_EQ(parse_score("-24.069584830401198"), -0x1.811d04fbadef1p+4);
  EXPECT_EQ(parse_score("-18.506992057559470900"), -0x1.281ca3b428cb7p+4);
  EXPECT_EQ(parse_score("-8.46020784385567815"), -0x1.0eba05ccd7215p+3);
  EXPECT_EQ(parse_score("-29.55552190153136375"), -0x1.d8e36aeef49f7p+4);
  EXPECT_EQ(parse_score("-9.155371856198335"), -0x1.24f8ce6622e6cp+3);
  EXPECT_EQ(parse_score("-5.2432208283616620412124265"), -0x1.4f90ee17e13d6p+2);
}

TEST(ParseScore, ShortNumbersAreTheNearestOnes) {
  EXPECT_EQ(parse_score("0.1"), 0.1);
  EXPECT_EQ(parse_score("-13.5"), -13.5);
  EXPECT_EQ(parse_score("2E-3"), 2e-3);
  EXPECT_EQ(parse_score("1e+2"), 100.0);
  EXPECT_EQ(parse_score("-0.0"), 0.0);
}

TEST(ParseScore, ExtremeNumbersAreReadSafely) {
  EXPECT_EQ(parse_score("1e-400"), 0.0);
  EXPECT_EQ(parse_score("0e400"), 0.0);
  EXPECT_EQ(parse_score("184467440737095516160"), 184467440737095516160.0);
  EXPECT_EQ(parse_score("1e-99999999999999"), 0.0);
}

}  // namespace
}  // namespace fastintent
