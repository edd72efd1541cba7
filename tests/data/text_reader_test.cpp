#include <iconv.h>

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
  return read_texts(bytes, DatasetOptions{format});
}

// `text`, which is UTF-8, in another encoding.
std::string encoded(const std::string& text, const char* encoding) {
  const iconv_t conversion = iconv_open(encoding, "UTF-8");
  std::string bytes(4 * text.size() + 8, '\0');
  char* from = const_cast<char*>(text.data());
  char* to = bytes.data();
  size_t from_bytes = text.size();
  size_t to_bytes = bytes.size();
  EXPECT_EQ(iconv(conversion, &from, &from_bytes, &to, &to_bytes), 0U) << encoding;
  iconv_close(conversion);
  bytes.resize(bytes.size() - to_bytes);
  return bytes;
}

void expect_bad(const std::string& bytes, FileFormat format, const std::string& part) {
  expect_error(ErrorCode::invalid_data, part, [&] { read_texts(bytes, format); });
}

TEST(TextReader, ReadsAllThatAreLeftWithoutTheBlankOnes) {
  std::istringstream stream("first\n\n second\n \nthird\n");
  TextReader reader(stream, "test");
  std::string text;
  ASSERT_TRUE(reader.next(text));
  EXPECT_EQ(reader.read_all(), (std::vector<std::string>{" second", "third"}));
  EXPECT_TRUE(reader.read_all().empty());
}

TEST(TextReader, Lines) {
  EXPECT_EQ(read_texts("", FileFormat::automatic), Texts());
  EXPECT_EQ(read_texts("a\n\n b \r\nc\rd", FileFormat::text), (Texts{"a", "", " b ", "c\rd"}));
  EXPECT_EQ(read_texts("\n", FileFormat::text), Texts{""});
  EXPECT_EQ(read_texts("a\0b\n\xef\xbb\xbf\n"s, FileFormat::text),
            (Texts{"a\0b"s, "\xef\xbb\xbf"}));
  EXPECT_EQ(read_texts("\xef\xbb\xbf"
                       "a\nb\n",
                       FileFormat::text),
            (Texts{"a", "b"}));
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
    {"AnyBytes", "text,label\na\0b,x\n\"\xc3\xa9,\0\",y\n"s, {"a\0b"s, "\xc3\xa9,\0"s}},
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
  expect_bad("text,label\n\"a\nb\"c,x\n",
             csv,
             "found a stray quote in a record that begins in line 2 (input:3)");
  expect_bad("text,label\n \"a\",x\n", csv, "found a stray quote (input:2)");
  expect_bad(
      "text,label\na,x\n\"b,y\nc,z\n", csv, "a closing quote, found the end of the file (input:3)");
  expect_bad("text,label\n\"", csv, "a closing quote, found the end of the file (input:2)");
  expect_bad("text,label\na\rb,x\n", csv, "a carriage return on its own (input:2)");
  expect_bad("text,label\n" + std::string(100000, ','), csv, "expected 2 fields, found 100001");
  expect_bad(std::string(100000, ','), csv, "at most 16384 columns, found 100001 (input:1)");
  expect_bad(std::string(100, 'x') + ",b\n", csv, std::string(40, 'x') + "...', 'b' (input:1)");
}

TEST(TextReader, AQuoteInTsvIsACharacter) {
  const auto tsv = FileFormat::tsv;
  EXPECT_EQ(read_texts("label\ttext\nx\ta, b\n\ny\t\"c\r\n\t20\"\nz\td\"", tsv),
            (Texts{"a, b", "\"c", "20\"", "d\""}));
  EXPECT_EQ(read_texts("text\n\"a\n\n", tsv), (Texts{"\"a", ""}));
  expect_bad("label\ttext\nx,a\n", tsv, "expected 2 fields, found 1 (input:2)");
  expect_bad("label\ttext\nx\t\"a\tb\"\n", tsv, "found 3; set quoting to on if");
  expect_bad("\"label\"\t\"text\"\nx\ta\n", tsv, "set quoting to on if quotes enclose fields");
  expect_bad("text" + std::string(100000, '\t'), tsv, "at most 16384 columns, found 100001");
}

TEST(TextReader, QuotingIsAnOption) {
  DatasetOptions options{FileFormat::tsv};
  options.quoting = Quoting::on;
  EXPECT_EQ(read_texts("label\ttext\nx\ta, b\ny\t\"c\td\n\"\n", options),
            (Texts{"a, b", "c\td\n"}));
  options = {FileFormat::csv};
  options.quoting = Quoting::off;
  EXPECT_EQ(read_texts("text,label\n\"a,x\n", options), Texts{"\"a"});
}

TEST(TextReader, JsonLines) {
  const auto jsonl = FileFormat::jsonl;
  EXPECT_EQ(
      read_texts("{\"text\":\"a\\nb\\u0000\"}\r\n\n \t\r\n{\"label\":1,\"text\":\"\"}", jsonl),
      (Texts{"a\nb\0"s, "", "", ""}));
  EXPECT_EQ(read_texts("\xef\xbb\xbf{\"text\":\"a\"}\n", jsonl), Texts{"a"});
  EXPECT_EQ(read_texts("{\"q\":\"a\"}\n", DatasetOptions{jsonl, "q"}), Texts{"a"});
  expect_bad(
      "{\"text\":\"a\"}\n{\"text\":1}\n", jsonl, "a string as 'text', found number (input:2)");
  expect_bad("{\"b\":1,\"a\":2}\n", jsonl, "a key 'text', found keys 'b', 'a' (input:1)");
  expect_bad("{}\n", jsonl, "a key 'text', found keys none");
  expect_bad("[]\n", jsonl, "a JSON object, found array");
  expect_bad("{\"text\":\"a\"} x\n", jsonl, "a JSON object, found invalid JSON");
  expect_bad("{\"text\":\"a\x01\"}\n", jsonl, "found invalid JSON (input:1)");
  expect_bad("{\"text\":\"a\",\"b\":[1,]}\n", jsonl, "found invalid JSON");
  expect_bad("3\n", jsonl, "a JSON object, found number");
  expect_bad("{\"text\":{\"text\":\"a\"}}\n", jsonl, "a string as 'text', found object");
}

TEST(TextReader, OtherMembersOfAJsonObjectAreSkipped) {
  const auto jsonl = FileFormat::jsonl;
  EXPECT_EQ(
      read_texts("{\"a\":{\"text\":\"no\",\"b\":[[],[{}]]},\"text\":\"yes\",\"c\":[\"text\"]}",
                 jsonl),
      Texts{"yes"});
  EXPECT_EQ(read_texts("{\"text\":\"first\",\"text\":\"last\"}", jsonl), Texts{"last"});
  const std::string open(99, '[');
  const std::string close(99, ']');
  EXPECT_EQ(read_texts("{\"a\":" + open + close + ",\"text\":\"deep\"}", jsonl), Texts{"deep"});
  expect_bad("{\"a\":[" + open + close + "],\"text\":\"deep\"}",
             jsonl,
             "found more than 100 nested values (input:1)");
  expect_bad("{\"a\":" + std::string(1000000, '['), jsonl, "found more than 100 nested values");
  expect_bad(std::string(1000000, '['), jsonl, "a JSON object, found array");
}

TEST(TextReader, PartsThatAreNoTextAreReplacedAndCounted) {
  const auto read = [](const std::string& bytes, FileFormat format, ReplacedTexts& replaced) {
    std::istringstream stream(bytes);
    TextReader reader(stream, "input", {format});
    Texts texts;
    for (std::string text; reader.next(text);) {
      texts.push_back(text);
    }
    replaced = reader.replaced();
    return texts;
  };
  ReplacedTexts replaced;
  EXPECT_EQ(read("caf\xe9\nb\n\xff\xfe!\n", FileFormat::text, replaced),
            (Texts{"caf\ufffd", "b", "\ufffd\ufffd!"}));
  EXPECT_EQ(replaced.texts, 2);
  EXPECT_EQ(replaced.first_line, 1);
  EXPECT_EQ(read("text\na\n\xed\xa0\xbd\n", FileFormat::csv, replaced),
            (Texts{"a", "\ufffd\ufffd\ufffd"}));
  EXPECT_EQ(replaced.first_line, 3);
  EXPECT_EQ(
      read(
          "{\"text\":\"caf\xe9 \\\\ud83d\"}\n{\"text\":\"\ufffd\"}\n", FileFormat::jsonl, replaced),
      (Texts{"caf\ufffd \\ud83d", "\ufffd"}));
  EXPECT_EQ(replaced.texts, 1) << "the second has the character of itself";
}

TEST(TextReader, ALoneSurrogateInJsonIsReplaced) {
  const auto first = [](const std::string& escapes) {
    return read_texts("{\"text\":\"" + escapes + "\"}", FileFormat::jsonl)[0];
  };
  EXPECT_EQ(first(R"(\ud83d\ude00)"), "\U0001f600");
  EXPECT_EQ(first(R"(a\ud83d)"), "a\ufffd");
  EXPECT_EQ(first(R"(\uDE00b)"), "\ufffdb");
  EXPECT_EQ(first(R"(\ud83d\ud83d\ude00)"), "\ufffd\U0001f600");
  EXPECT_EQ(first(R"(\ud83d\\ude00)"), "\ufffd\\ude00") << "an escaped backslash";
  EXPECT_EQ(first(R"(\ud83d\n)"), "\ufffd\n");
  EXPECT_EQ(first("\\ud83d\0"s), "\ufffd\0"s) << "a zero byte";
  EXPECT_EQ(read_texts("{\"\\udc00\":1,\"text\":\"a\"}", FileFormat::jsonl), Texts{"a"});
  expect_bad("{\"text\":\"\\ud83d\\u12\"}", FileFormat::jsonl, "found invalid JSON");
}

TEST(TextReader, OtherUnicodeEncodingsAreNamed) {
  const std::string rows = "text,intent\r\nwhere is my caf\u00e9,card\r\n";
  const struct {
    const char* encoding;
    const char* description;
  } cases[] = {{"UTF-16LE", "UTF-16 without a byte order mark; set the encoding to utf-16le"},
               {"UTF-16BE", "UTF-16 without a byte order mark; set the encoding to utf-16be"},
               {"UTF-32LE", "UTF-32 without a byte order mark; set the encoding to utf-32le"},
               {"UTF-32BE", "UTF-32 without a byte order mark; set the encoding to utf-32be"},
               {"UTF-16", "UTF-16 with a byte order mark; set the encoding to utf-16 "},
               {"UTF-32", "UTF-32 with a byte order mark; set the encoding to utf-32 "}};
  for (const auto& [encoding, description] : cases) {
    const std::string bytes = encoded(rows, encoding);
    for (const FileFormat format : {FileFormat::text, FileFormat::csv, FileFormat::jsonl}) {
      expect_bad(bytes, format, description);
      expect_bad(bytes, format, "(input:1)");
    }
    DatasetOptions options{FileFormat::csv};
    options.encoding = encoding;
    EXPECT_EQ(read_texts(bytes, options), Texts{"where is my caf\u00e9"}) << encoding;
  }
  expect_bad(encoded("\u4f60\u597d\n\u518d\u89c1\n", "UTF-16LE"), FileFormat::text, "(input:2)");
  expect_bad(encoded("\u4f60\u597d\n\u518d\u89c1\n", "UTF-16BE"), FileFormat::text, "utf-16be");
  expect_bad(
      encoded("\u0433\u0434\u0435 \u043c\u043e\u044f \u043a\u0430\u0440\u0442\u0430", "UTF-16LE"),
      FileFormat::text,
      "utf-16le");
}

TEST(TextReader, TextWithZerosIsNotTakenForAnotherEncoding) {
  for (const std::string& text :
       {"a\0b"s, "a b\0 c"s, "caf\xc3\xa9\0"s, "\0"s, "\0\0\0\0\0\0"s, "caf\xe9 \0 card"s}) {
    EXPECT_EQ(read_texts(text + "\nb\n", FileFormat::text).size(), 2U)
        << testing::PrintToString(text);
  }
}

TEST(TextReader, ReadsANamedEncoding) {
  DatasetOptions options{FileFormat::text};
  for (const char* name : {"windows-1252", "cp1252", "CP-1252"}) {
    options.encoding = name;
    EXPECT_EQ(read_texts("caf\xe9 \x80 5\r\n\x81\n", options),
              (Texts{"caf\u00e9 \u20ac 5", "\ufffd"}));
  }
  for (const char* name : {"latin-1", "latin1", "iso_8859_1", "ISO-8859-1"}) {
    options.encoding = name;
    EXPECT_EQ(read_texts("caf\xe9\n", options), Texts{"caf\u00e9"});
  }
  options.encoding = "shift_jis";
  EXPECT_EQ(read_texts(encoded("\u30ab\u30fc\u30c9\n\u8868\n", "SHIFT_JIS"), options),
            (Texts{"\u30ab\u30fc\u30c9", "\u8868"}));
  for (const char* name : {"utf-8", "UTF8", "utf-8-sig"}) {
    options.encoding = name;
    EXPECT_EQ(read_texts("\xef\xbb\xbf"
                         "a\0b\0\n"s,
                         options),
              Texts{"a\0b\0"s})
        << "not recognized";
  }
  for (const char* name : {"klingon", "utf-8//IGNORE", "-"}) {
    options.encoding = name;
    expect_error(ErrorCode::invalid_argument, "a name that iconv knows", [&] {
      read_texts("a\n", options);
    });
  }
}

TEST(TextReader, NamesWhatIsNoText) {
  for (const auto& [bytes, part] : {std::pair{"\x1f\x8b\x08\0data"s, "gzip"},
                                    {"BZh91AY&SYdata"s, "bzip2"},
                                    {"\xfd"
                                     "7zXZ\0data"s,
                                     "xz"},
                                    {"\x28\xb5\x2f\xfd data"s, "zstd"},
                                    {"PK\3\4\x14\0data"s, "workbook"},
                                    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 data"s, "workbook"},
                                    {"PAR1\x15\4data"s, "Parquet"},
                                    {"ARROW1\0\0data"s, "Arrow"},
                                    {"SQLite format 3\0data"s, "SQLite"},
                                    {"%PDF-1.7\ndata"s, "PDF"}}) {
    for (const FileFormat format :
         {FileFormat::text, FileFormat::csv, FileFormat::tsv, FileFormat::jsonl}) {
      for (const char* encoding : {"", "utf-8", "windows-1252", "utf-16le", "utf-32", "gb18030"}) {
        expect_error(ErrorCode::invalid_data, part, [&, &content = bytes] {
          read_texts(content, {.format = format, .encoding = encoding});
        });
      }
    }
  }
  EXPECT_EQ(read_texts("PAR1 is a format\nBZh\n", FileFormat::text),
            (Texts{"PAR1 is a format", "BZh"}));
}

TEST(TextReader, NamesTheLineWhereUtf16Begins) {
  for (const char* encoding : {"UTF-16LE", "UTF-16BE"}) {
    const std::string wide = encoded("a later text\nand one more\n", encoding);
    for (const char* before : {"one\ntwo\nthree\n", "one\n", "one\ntwo\nthree"}) {
      expect_error(
          ErrorCode::invalid_data, "UTF-16", [&] { read_texts(before + wide, FileFormat::text); });
    }
  }
  const Texts texts = {"one", "two", "a\0b"s, "\0"s, "a longer text with \0 in it"s};
  std::string file;
  for (const std::string& text : texts) {
    file += text + "\n";
  }
  EXPECT_EQ(read_texts(file, FileFormat::text), texts) << "a zero is no encoding";
}

TEST(TextReader, NumbersThatJsonHasNotArePassedOver) {
  const std::string line =
      R"({"score": NaN, "text": "NaN \"Infinity\"", "s": [-Infinity, {"x": Infinity}]})";
  EXPECT_EQ(read_texts(line + "\n", FileFormat::jsonl), Texts{"NaN \"Infinity\""});
  expect_error(ErrorCode::invalid_data, "found null", [] {
    read_texts(R"({"text": NaN})", FileFormat::jsonl);
  });
  expect_error(ErrorCode::invalid_data, "invalid JSON", [] {
    read_texts(R"({"text": "a", "b": NaNs})", FileFormat::jsonl);
  });
}

TEST(TextReader, ADamagedWideCharacterCostsNoOther) {
  DatasetOptions options{FileFormat::text};
  options.encoding = "utf-16le";
  const std::string half("\x3d\xd8", 2);  // of a surrogate pair
  EXPECT_EQ(read_texts(encoded("a", "UTF-16LE") + half + encoded("b\nc", "UTF-16LE"), options),
            (Texts{"a\ufffd"
                   "b",
                   "c"}));
  EXPECT_EQ(read_texts(encoded("a", "UTF-16LE") + "b", options), Texts{"a\ufffd"}) << "a cut end";
}

TEST(TextReader, DecodesLinesLongerThanAChunk) {
  DatasetOptions options{FileFormat::text};
  options.encoding = "utf-16";
  std::string line;
  for (int i = 0; i < 5000; ++i) {
    line += i % 3 == 0 ? "\u20ac" : "x";
  }
  EXPECT_EQ(read_texts(encoded(line + "\n" + line + "\n", "UTF-16"), options), (Texts{line, line}));
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
  EXPECT_EQ(first("A.CSV", "x,text\n1,a\n"), "a");
  EXPECT_EQ(first("a.Tsv", "x\ttext\n1\ta,\n"), "a,");
  EXPECT_EQ(first("a.JSONL", "{\"text\":\"a\"}\n"), "a");
  EXPECT_EQ(first("a.TXT", "a,b\n"), "a,b");
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
