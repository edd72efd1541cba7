#include "checkpoint/parse_json.h"

#include "base/expect_error.h"

namespace fastintent {
namespace {

using Numbers = std::vector<std::pair<std::string, uint64_t>>;

// The members passed to a sink at "a", "b" that refuses 9; `left` is the rest of the document.
Numbers taken(const std::string& text, std::string& left) {
  Numbers numbers;
  const NumberSink sink{{"a", "b"}, [&](std::string& key, uint64_t number) {
                          if (number == 9) {
                            return false;
                          }
                          numbers.emplace_back(key, number);
                          return true;
                        }};
  left = parse_json(text, "f.json", false, &sink).dump();
  return numbers;
}

TEST(ParseJson, ASinkTakesTheNumbersOfItsObject) {
  std::string left;
  EXPECT_EQ(taken(R"({"x":1,"a":{"b":{"k":1,"l":2},"c":3},"b":{"k":4}})", left),
            (Numbers{{"k", 1}, {"l", 2}}));
  EXPECT_EQ(left, R"({"a":{"b":{},"c":3},"b":{"k":4},"x":1})");
}

TEST(ParseJson, ASinkLeavesTheRest) {
  std::string left;
  const std::string text = R"({"a":{"b":{"i":{"b":1},"j":[2],"k":-1,"l":1.5,"m":9,"n":"1"}}})";
  EXPECT_EQ(taken(text, left), Numbers());
  EXPECT_EQ(left, text);
}

TEST(ParseJson, ASinkIsForOnePathAlone) {
  for (const std::string text : {R"({"b":{"a":{"k":1}}})",
                                 R"({"a":[{"b":{"k":1}}]})",
                                 R"({"a":{"b":[1]}})",
                                 R"({"a":{"b":{"b":{"k":1}}}})",
                                 R"([{"a":{"b":{"k":1}}}])",
                                 R"({"a":{"a":{"b":{"k":1}}}})"}) {
    std::string left;
    EXPECT_EQ(taken(text, left), Numbers()) << text;
    EXPECT_EQ(left, text);
  }
}

TEST(ParseJson, UniqueKeys) {
  const std::string text = R"({"a":{"b":null},"c":[{"b":1},{"b":2}]})";
  EXPECT_EQ(parse_json(text, "f.json", true).dump(), text);
  expect_error(ErrorCode::bad_checkpoint, "each key once, found 'b' twice (f.json)", [] {
    parse_json(R"({"a":{"b":null,"b":1}})", "f.json", true);
  });
  EXPECT_EQ(parse_json(R"({"b":1,"b":2})", "f.json").dump(), R"({"b":2})");
}

TEST(ParseJson, NumbersBeyondTheirTypesAreTold) {
  EXPECT_EQ(parse_json("[18446744073709551615,-5,1e3]", "f").dump(),
            "[18446744073709551615,-5,1000.0]");
  expect_error(ErrorCode::bad_checkpoint, "valid JSON", [] { parse_json("[1e999]", "f"); });
}

}  // namespace
}  // namespace fastintent
