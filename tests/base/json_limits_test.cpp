#include "base/refused_json.h"

// Documents of the greatest size that parse_json() takes, and one more.
namespace fastintent {
namespace {

TEST(JsonLimits, IsBoundedInValues) {
  const std::string most = "[" + repeated("0,", kMaxJsonValues - 2) + "0]";
  EXPECT_EQ(parse_json(most, "f")->size(), kMaxJsonValues - 1);
  expect_refused("[" + repeated("{},", kMaxJsonValues) + "0]", "at most 4000000 values");
}

TEST(JsonLimits, ANumberOfASinkIsNoValue) {
  size_t taken = 0;
  const NumberSink sink{{"a", "b"}, [&](std::string& /*key*/, uint64_t /*number*/) {
                          ++taken;
                          return true;
                        }};
  const std::string text =
      R"({"a":{"b":{)" + repeated(R"("k":1,)", kMaxJsonValues + 1) + R"("k":1}}})";
  parse_json(text, "f", {.sinks = {&sink}});
  EXPECT_EQ(taken, kMaxJsonValues + 2);
}

TEST(JsonLimits, IsBoundedInBytes) {
  expect_refused(std::string(kMaxJsonBytes + 1, ' '), "at most 209715200 bytes, found 209715201");
}

}  // namespace
}  // namespace fastintent
