#include "base/fingerprint.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

std::string fingerprint(std::initializer_list<std::string_view> values) {
  Fingerprint made;
  for (const std::string_view value : values) {
    made.add(value);
  }
  return made.text();
}

TEST(Fingerprint, IsFnv1a) {
  EXPECT_EQ(fingerprint({}), "cbf29ce484222325");
  // That of "a" is af63dc4c8601ec8c; the end of the value is one byte more.
  EXPECT_EQ(fingerprint({"a"}), "089bc907b544c769");
}

TEST(Fingerprint, TellsWhereAValueEnds) {
  EXPECT_NE(fingerprint({"ab", "c"}), fingerprint({"a", "bc"}));
  EXPECT_NE(fingerprint({"a", ""}), fingerprint({"a"}));
}

}  // namespace
}  // namespace fastintent
