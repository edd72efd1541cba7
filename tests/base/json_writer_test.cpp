#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/expect_error.h"

namespace fastintent {
namespace {

// One of everything, with empty and nested arrays and objects.
void write_all(JsonWriter& out) {
  out.begin_object();
  out.member("z", 1);
  out.member("a", "h\xc3\xa9\"\n");
  out.member("truth", true);
  out.member("number", 0.1);
  out.member("whole", 2.0);
  out.member("large", uint64_t{18446744073709551615U});
  out.member("none", NAN);
  out.member("list", std::vector<int64_t>{1, 2});
  out.member("lists", std::vector<std::vector<int>>{{}, {3}});
  out.key("empty");
  out.begin_object();
  out.end_object();
  out.key("inner");
  out.begin_object();
  out.member("text", std::string("x"));
  out.end_object();
  out.end_object();
}

// As nlohmann prints the same values.
nlohmann::ordered_json same_values() {
  nlohmann::ordered_json all;
  all["z"] = 1;
  all["a"] = "h\xc3\xa9\"\n";
  all["truth"] = true;
  all["number"] = 0.1;
  all["whole"] = 2.0;
  all["large"] = uint64_t{18446744073709551615U};
  all["none"] = NAN;
  all["list"] = std::vector<int64_t>{1, 2};
  all["lists"] = std::vector<std::vector<int>>{{}, {3}};
  all["empty"] = nlohmann::ordered_json::object();
  all["inner"]["text"] = "x";
  return all;
}

TEST(JsonWriter, WritesWhatALibraryWrites) {
  JsonWriter indented;
  write_all(indented);
  EXPECT_EQ(indented.text(), same_values().dump(2));
  JsonWriter one_line(JsonWriter::Layout::one_line);
  write_all(one_line);
  EXPECT_EQ(one_line.text(), same_values().dump());
}

TEST(JsonWriter, EscapesWhatALibraryEscapes) {
  for (int character = 0; character < 0x80; ++character) {
    for (const std::string& text : {std::string(1, static_cast<char>(character)),
                                    "a" + std::string(1, static_cast<char>(character)) + "b"}) {
      JsonWriter out;
      out.value(text);
      EXPECT_EQ(out.text(), nlohmann::json(text).dump()) << character;
    }
  }
}

TEST(JsonWriter, WritesAFloatWithItsOwnDigits) {
  JsonWriter out(JsonWriter::Layout::one_line);
  out.value(std::vector<float>{0.1F, 1.0F, 3.4028235e38F, INFINITY});
  EXPECT_EQ(out.text(), "[0.1,1,3.4028235e+38,null]");
}

TEST(JsonWriter, WritesNullForWhatIsAbsent) {
  JsonWriter out(JsonWriter::Layout::one_line);
  out.value(std::vector<std::optional<double>>{0.5, std::nullopt});
  EXPECT_EQ(out.text(), "[0.5,null]");
}

TEST(JsonWriter, RefusesOrReplacesWhatIsNotUtf8) {
  JsonWriter strict;
  expect_error(ErrorCode::invalid_data, "UTF-8", [&] { strict.value("a\xff"); });
  JsonWriter lenient(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
  lenient.value("a\xff");
  EXPECT_EQ(lenient.text(), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace fastintent
