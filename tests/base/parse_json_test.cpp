#include "base/parse_json.h"

#include "base/refused_json.h"

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
  left = parse_json(text, "f.json", {.sinks = {&sink}})->dump();
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

// The items passed to a sink at "a", "b", in one line.
std::string items_of(const std::string& text, std::string& left) {
  std::string line;
  const ItemSink sink{{"a", "b"},
                      [&](ItemSink::Item& item) {
                        for (const std::string& part : item.texts) {
                          line += part + " ";
                        }
                        for (const double number : item.numbers) {
                          line += std::to_string(number) + " ";
                        }
                        line += "|";
                        return item.texts.size() < 3;
                      },
                      [](const std::string& digits) { return digits == "2.5" ? 7.0 : 1.0; }};
  left = parse_json(text, "f.json", {.sinks = {nullptr, {&sink}}})->dump();
  return line;
}

TEST(ParseJson, ASinkTakesTheItemsOfItsArray) {
  std::string left;
  EXPECT_EQ(
      items_of(R"({"a":{"b":[["x",2.5],"y",["z",-3],["p","q"],[]],"c":["k"]},"b":["k"]})", left),
      "x 7.000000 |y |z -3.000000 |p q ||");
  EXPECT_EQ(left, R"({"a":{"b":[],"c":["k"]},"b":["k"]})");
  EXPECT_EQ(items_of(R"({"a":{"b":{"k":["x"]}}})", left), "") << "an object";
  EXPECT_EQ(left, R"({"a":{"b":{"k":["x"]}}})");
}

TEST(ParseJson, OtherItemsAreRefused) {
  std::string left;
  for (const char* item : {"1", "null", "{}", "[[]]", "[{}]", "[true]", R"(["x","y","z"])"}) {
    expect_error(ErrorCode::bad_checkpoint, "as the items of 'a.b'", [&] {
      items_of(std::string(R"({"a":{"b":[)") + item + "]}}", left);
    });
  }
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
  EXPECT_EQ(parse_json(text, "f.json", {.unique_keys = true})->dump(), text);
  expect_error(ErrorCode::bad_checkpoint, "each key once, found 'b' twice (f.json)", [] {
    parse_json(R"({"a":{"b":null,"b":1}})", "f.json", {.unique_keys = true});
  });
  EXPECT_EQ(parse_json(R"({"b":1,"b":2})", "f.json")->dump(), R"({"b":2})");
}

TEST(ParseJson, NumbersBeyondTheirTypesAreTold) {
  EXPECT_EQ(parse_json("[18446744073709551615,-5,1e3]", "f")->dump(),
            "[18446744073709551615,-5,1000.0]");
  expect_error(ErrorCode::bad_checkpoint, "valid JSON", [] { parse_json("[1e999]", "f"); });
}

// Each would end the process, or fill the memory, in a parser that recurses or has no limit.
TEST(ParseJson, IsBoundedInDepth) {
  const std::string deepest = repeated("[", kMaxJsonDepth) + repeated("]", kMaxJsonDepth);
  EXPECT_EQ(parse_json(deepest, "f")->dump(), deepest);
  expect_refused("[" + deepest + "]", "at most 100 nested values, found 101");
  expect_refused(std::string(4'000'000, '['), "nested values");
  expect_refused(repeated(R"({"a":)", 1'000'000), "nested values");
}

TEST(ParseJson, AReaderNamesItsOwnError) {
  expect_error(ErrorCode::io_error, "download model: expected valid JSON", [] {
    parse_json("<html>", "answer", {.error = ErrorCode::io_error, .operation = "download model"});
  });
}

}  // namespace
}  // namespace fastintent
