#include <sstream>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "data/line_reader.h"
#include "fastintent/dataset.h"

namespace fastintent {
namespace {

using Texts = std::vector<std::string>;
using namespace std::string_literals;

Texts read_texts(const std::string& bytes, const DatasetOptions& options) {
  std::istringstream stream(bytes);
  TextReader reader(stream, "input", options);
  Texts texts;
  std::string text;
  while (reader.next(text)) {
    texts.push_back(text);
  }
  EXPECT_FALSE(reader.next(text));
  return texts;
}

Texts read_texts(const std::string& bytes, FileFormat format) {
  return read_texts(bytes, DatasetOptions{format, "", ""});
}

void expect_bad(const std::string& bytes, FileFormat format, const std::string& part) {
  expect_error(ErrorCode::invalid_data, part, [&] { read_texts(bytes, format); });
}

TEST(TextReader, Lines) {
  EXPECT_EQ(read_texts("", FileFormat::automatic), Texts());
  EXPECT_EQ(read_texts("a\n\n b \r\nc\rd", FileFormat::text), (Texts{"a", "", " b ", "c\rd"}));
  EXPECT_EQ(read_texts("\n", FileFormat::text), Texts{""});
  EXPECT_EQ(read_texts("a\0b\n\xff\xfe\n\xef\xbb\xbf\n"s, FileFormat::text),
            (Texts{"a\0b"s, "\xff\xfe", "\xef\xbb\xbf"}));
}

TEST(TextReader, LinesOfEveryLengthAroundAChunk) {
  for (size_t size = 4090; size < 4100; ++size) {
    const std::string line(size, 'x');
    EXPECT_EQ(read_texts(line + "\n" + line, FileFormat::text), (Texts{line, line}));
    EXPECT_EQ(read_texts(line + line + "\n\n", FileFormat::text), (Texts{line + line, ""}));
  }
}

TEST(TextReader, AnEndlessLineIsAnError) {
  expect_bad(
      "ok\n" + std::string(kMaxLineBytes + 1, 'x'), FileFormat::text, "found more (input:2)");
  const std::string line(kMaxLineBytes / 2, 'x');
  expect_bad("text\n\"" + line + "\n" + line + "\n", FileFormat::csv, "a longer one (input:2)");
}

struct CsvCase {
  const char* name;
  std::string bytes;
  Texts texts;
};

class Csv : public testing::TestWithParam<CsvCase> {};

TEST_P(Csv, GivesTheTexts) {
  EXPECT_EQ(read_texts(GetParam().bytes, FileFormat::csv), GetParam().texts);
}

const CsvCase kCsv[] = {
    {"HeaderOnly", "text,label", {}},
    {"Plain", "text,label\na,x\nb,y\n", {"a", "b"}},
    {"NoLastLineFeed", "text,label\na,x\nb,y", {"a", "b"}},
    {"CrLf", "text,label\r\na,x\r\nb,y\r\n", {"a", "b"}},
    {"CrLfAfterQuotes", "\"label\",\"text\"\r\n\"x\",\"a\"\r\n", {"a"}},
    {"ByteOrderMark", "\xef\xbb\xbftext,label\na,x\n", {"a"}},
    {"ByteOrderMarkBeforeQuotes", "\xef\xbb\xbf\"text\",label\na,x\n", {"a"}},
    {"AnyColumn", "id,text\n1,a\n2,b\n", {"a", "b"}},
    {"OneColumn", "text\na\n\nb\n", {"a", "", "b"}},
    {"BlankLinesBetweenRecords", "text,label\n\na,x\r\n\r\nb,y\n\n", {"a", "b"}},
    {"QuotedSeparator", "text,label\n\"a,b\",x\n", {"a,b"}},
    {"QuotedLineFeed", "text,label\n\"a\nb\",x\nc,y\n", {"a\nb", "c"}},
    {"QuotedCrLf", "text,label\r\n\"a\r\n\r\nb\",x\r\nc,y\r\n", {"a\r\n\r\nb", "c"}},
    {"QuotedCr", "text,label\n\"a\rb\",x\n", {"a\rb"}},
    {"DoubledQuotes", "text,label\n\"\"\"a\"\" b\"\"\",x\n", {"\"a\" b\""}},
    {"OnlyAQuote", "text,label\n\"\"\"\",x\n", {"\""}},
    {"EmptyFields", "text,label\n,\n\"\",x\n", {"", ""}},
    {"SpacesAreData", "text,label\n  a\t ,x\n\" b \",y\n", {"  a\t ", " b "}},
    {"AnyBytes", "text,label\na\0b,x\n\"\xff,\0\",y\n"s, {"a\0b"s, "\xff,\0"s}},
};

INSTANTIATE_TEST_SUITE_P(Cases, Csv, testing::ValuesIn(kCsv), [](const auto& test) {
  return test.param.name;
});

TEST(TextReader, BadCsv) {
  const auto csv = FileFormat::csv;
  expect_bad("", csv, "expected a header row, found an empty file (input:1)");
  expect_bad("a,b\n1,2\n", csv, "expected a column 'text', found columns 'a', 'b' (input:1)");
  expect_bad("text,text\n1,2\n", csv, "expected one column 'text', found two");
  expect_bad("text,label\na,x\nb\n", csv, "expected 2 fields, found 1 (input:3)");
  expect_bad("text,label\n\"a\nb\",x\n\nc,d,e\n", csv, "expected 2 fields, found 3 (input:5)");
  expect_bad("text,label\nsay \"hi\",x\n", csv, "found a stray quote (input:2)");
  expect_bad("text,label\n\"a\" b,x\n", csv, "found a stray quote (input:2)");
  expect_bad("text,label\n\"a\nb\"c,x\n", csv, "found a stray quote (input:3)");
  expect_bad("text,label\n \"a\",x\n", csv, "found a stray quote (input:2)");
  expect_bad(
      "text,label\na,x\n\"b,y\nc,z\n", csv, "a closing quote, found the end of the file (input:3)");
  expect_bad("text,label\n\"", csv, "a closing quote, found the end of the file (input:2)");
  expect_bad("text,label\na\rb,x\n", csv, "a carriage return on its own (input:2)");
}

TEST(TextReader, Tsv) {
  EXPECT_EQ(read_texts("label\ttext\nx\ta, b\ny\t\"c\td\n\"\n", FileFormat::tsv),
            (Texts{"a, b", "c\td\n"}));
  expect_bad("label\ttext\nx,a\n", FileFormat::tsv, "expected 2 fields, found 1 (input:2)");
}

TEST(TextReader, JsonLines) {
  const auto jsonl = FileFormat::jsonl;
  EXPECT_EQ(
      read_texts("{\"text\":\"a\\nb\\u0000\"}\r\n\n \t\r\n{\"label\":1,\"text\":\"\"}", jsonl),
      (Texts{"a\nb\0"s, "", "", ""}));
  EXPECT_EQ(read_texts("\xef\xbb\xbf{\"text\":\"a\"}\n", jsonl), Texts{"a"});
  EXPECT_EQ(read_texts("{\"q\":\"a\"}\n", DatasetOptions{jsonl, "q", ""}), Texts{"a"});
  expect_bad(
      "{\"text\":\"a\"}\n{\"text\":1}\n", jsonl, "a string as 'text', found number (input:2)");
  expect_bad("{\"b\":1,\"a\":2}\n", jsonl, "a key 'text', found keys 'a', 'b' (input:1)");
  expect_bad("{}\n", jsonl, "a key 'text', found keys none");
  expect_bad("[]\n", jsonl, "a JSON object, found array");
  expect_bad("{\"text\":\"a\"} x\n", jsonl, "a JSON object, found invalid JSON");
  expect_bad("{\"text\":\"\xff\"}\n", jsonl, "found invalid JSON (input:1)");
  expect_bad(std::string(1000000, '['), jsonl, "found invalid JSON");
  expect_bad(std::string(1000000, '[') + std::string(1000000, ']'), jsonl, "found array");
}

TEST(TextReader, FilesGoByTheirExtension) {
  const TemporaryFolder folder;
  const auto first = [&](const std::string& name, const std::string& bytes) {
    TextReader reader(folder.write(name, bytes));
    std::string text;
    EXPECT_TRUE(reader.next(text));
    return text;
  };
  EXPECT_EQ(first("a.csv", "x,text\n1,a\n"), "a");
  EXPECT_EQ(first("a.tsv", "x\ttext\n1\ta,\n"), "a,");
  EXPECT_EQ(first("a.jsonl", "{\"text\":\"a\"}\n"), "a");
  EXPECT_EQ(first("a.ndjson", "{\"text\":\"a\"}\n"), "a");
  EXPECT_EQ(first("a.txt", "a,b\n"), "a,b");
  EXPECT_EQ(first("a", "a,b\n"), "a,b");
}

TEST(TextReader, WhatIsNoFileIsMissingInput) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::missing_input, "absent.csv", [&] { TextReader(folder / "absent.csv"); });
  expect_error(ErrorCode::missing_input, "a folder", [&] { TextReader reader(folder.path()); });
}

TEST(TextReader, MovesWithItsFile) {
  const TemporaryFolder folder;
  TextReader first(folder.write("a.txt", "a\nb\n"));
  std::string text;
  ASSERT_TRUE(first.next(text));
  TextReader second(std::move(first));
  ASSERT_TRUE(second.next(text));
  EXPECT_EQ(text, "b");
}

}  // namespace
}  // namespace fastintent
