#include "checkpoint/json_document.h"

#include <limits>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

JsonDocument parse(const std::string& text) {
  return JsonDocument::parse(text, "config.json");
}

TEST(JsonDocument, TypedValues) {
  const JsonDocument document =
      parse(R"({"i":-7,"x":1.5,"t":"text","b":true,"n":null,"whole":12.0,"list":[1]})");
  EXPECT_EQ(document.name(), "config.json");
  EXPECT_TRUE(document.has("i"));
  EXPECT_FALSE(document.has("n"));
  EXPECT_FALSE(document.has("absent"));
  EXPECT_EQ(document.integer("i"), -7);
  EXPECT_EQ(document.integer("whole"), 12);
  EXPECT_EQ(document.integer_or("i", 1), -7);
  EXPECT_EQ(document.integer_or("n", 1), 1);
  EXPECT_EQ(document.number_or("x", 1), 1.5);
  EXPECT_EQ(document.number_or("i", 1), -7.0);
  EXPECT_EQ(document.number_or("absent", 1), 1.0);
  EXPECT_EQ(document.text_or("t", "other"), "text");
  EXPECT_EQ(document.text_or("n", "other"), "other");
  EXPECT_TRUE(document.boolean_or("b", false));
  EXPECT_TRUE(document.boolean_or("absent", true));
  EXPECT_TRUE(document.value()["list"].is_array());
}

TEST(JsonDocument, HugeIntegersCountAsTheLargest) {
  const JsonDocument document =
      parse(R"({"max":1000000000000000019884624838656,"unsigned":18446744073709551615,)"
            R"("largest":9223372036854775807,"least":-9223372036854775808,"below":-1e30})");
  EXPECT_EQ(document.integer("max"), kLargest);
  EXPECT_EQ(document.integer("unsigned"), kLargest);
  EXPECT_EQ(document.integer("largest"), kLargest);
  EXPECT_EQ(document.integer("least"), std::numeric_limits<int64_t>::min());
  EXPECT_THROW(document.integer("below"), Error);
}

TEST(JsonDocument, WrongTypesNameKeyExpectedAndFound) {
  const JsonDocument document = parse(R"({"a":"x","f":1.5,"l":[1,2]})");
  const auto bad = ErrorCode::bad_checkpoint;
  expect_error(bad, "expected an integer as 'none', found none (config.json)", [&] {
    document.integer("none");
  });
  expect_error(bad, "an integer as 'a', found \"x\"", [&] { document.integer("a"); });
  expect_error(bad, "an integer as 'f', found 1.5", [&] { document.integer_or("f", 0); });
  expect_error(bad, "a number as 'a'", [&] { document.number_or("a", 0); });
  expect_error(bad, "a string as 'l', found [1,2]", [&] { document.text_or("l", ""); });
  expect_error(bad, "true or false as 'a'", [&] { document.boolean_or("a", false); });
}

TEST(JsonDocument, SectionsAreNamedByTheirPath) {
  const JsonDocument section = parse(R"({"a":{"b":{"t":"text","l":[1,{"x":2}],"n":null}}})")
                                   .section("a")
                                   .section("b");  // outlives the documents above it
  EXPECT_EQ(section.text("t"), "text");
  EXPECT_EQ(section.path("t"), "a.b.t");
  ASSERT_EQ(section.array("l").size(), 2U);
  EXPECT_EQ(section.section("l[1]", section.array("l")[1]).integer("x"), 2);
  const auto bad = ErrorCode::bad_checkpoint;
  expect_error(bad, "an object as 'a.b.c', found none", [&] { section.section("c"); });
  expect_error(bad, "an object as 'a.b.l[0]', found 1 (config.json)", [&] {
    section.section("l[0]", section.array("l")[0]);
  });
  expect_error(bad, "a string as 'a.b.n', found null", [&] { section.text("n"); });
  expect_error(bad, "an array as 'a.b.t', found \"text\"", [&] { section.array("t"); });
  expect_error(bad,
               "read JSON: expected a count as 'a.b.l', found [1,{\"x\":2}] (config.json)",
               [&] { section.fail("l", "a count"); });
}

TEST(JsonDocument, ErrorsAreWordedAsTheReaderAsks) {
  const JsonDocument document =
      parse(R"({"s":{"l":[1,2],"t":"123456789"}})").with_errors({"read numbers", 5, false});
  const auto bad = ErrorCode::bad_checkpoint;
  expect_error(bad, "read numbers: expected a string as 's', found an object of 2", [&] {
    document.text("s");
  });
  const JsonDocument section = document.section("s");
  expect_error(bad, "read numbers: expected a string as 's.l', found an array of 2", [&] {
    section.text("l");
  });
  expect_error(bad, "found \"1234... (config.json)", [&] { section.integer("t"); });
}

TEST(JsonDocument, ALongValueIsShownInPart) {
  const JsonDocument document = parse(R"({"a":")" + std::string(1000, 'x') + R"("})");
  try {
    document.integer("a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 200U);
  }
}

TEST(JsonDocument, BadJson) {
  const auto bad = ErrorCode::bad_checkpoint;
  expect_error(bad, "expected valid JSON", [] { parse(""); });
  expect_error(bad, "(config.json)", [] { parse("{\"a\":"); });
  expect_error(bad, "expected an object, found [1]", [] { parse("[1]"); });
  expect_error(bad, "at most 100 nested values, found 101", [] {
    parse("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}");
  });
  EXPECT_NO_THROW(parse("{\"a\":" + std::string(99, '[') + std::string(99, ']') + "}"));
  EXPECT_NO_THROW(parse("{\"" + std::string(500, '[') + "\\\"{\":1}"));
}

TEST(JsonDocument, FilesRoundTrip) {
  const TemporaryFolder folder;
  JsonTree value;
  value.renew("z") = 1;
  value.renew("a") = "h\xc3\xa9llo";
  EXPECT_EQ(json_text(value, "f.json"), "{\n  \"a\": \"h\xc3\xa9llo\",\n  \"z\": 1\n}\n");
  value.renew("a") = "\xff";
  expect_error(ErrorCode::invalid_data, "f.json", [&] { json_text(value, "f.json"); });
  JsonWriter in_order;
  in_order.begin_object();
  in_order.member("z", 1);
  in_order.member("a", "h");
  in_order.end_object();
  write_json(folder / "config.json", in_order);
  EXPECT_EQ(read_whole(folder / "config.json"), "{\n  \"z\": 1,\n  \"a\": \"h\"\n}\n");
  EXPECT_EQ(JsonDocument::read(folder / "config.json").integer("z"), 1);
  expect_error(
      ErrorCode::missing_input, "absent.json", [&] { JsonDocument::read(folder / "absent.json"); });
}

}  // namespace
}  // namespace fastintent
