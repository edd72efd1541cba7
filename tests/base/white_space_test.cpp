#include "base/white_space.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

TEST(Trimmed, UnicodeWhiteSpaceAroundATextIsRemoved) {
  EXPECT_EQ(trimmed("a b"), "a b");
  EXPECT_EQ(trimmed(" \t\r\na\xc2\xa0 b \n"), "a\xc2\xa0 b");
  EXPECT_EQ(trimmed("\xe3\x80\x80\xc2\xa0money\xc2\xa0\xe2\x80\x89"), "money");
  EXPECT_EQ(trimmed(" \xe1\x9a\x80\xc2\x85"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Trimmed, NothingElseIsRemoved) {
  EXPECT_EQ(trimmed("\xe2\x80\x8b"), "\xe2\x80\x8b") << "a zero width space is no white space";
  EXPECT_EQ(trimmed("\xc3\xa0"), "\xc3\xa0") << "its last byte is that of a no-break space";
  EXPECT_EQ(trimmed("\xa0 \xff"), "\xa0 \xff");
}

}  // namespace
}  // namespace fastintent
