#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "data/decode_stream.h"
#include "fastintent/dataset.h"

namespace fastintent {
namespace {

using Texts = std::vector<std::string>;
using namespace std::string_literals;

class ShardTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }

  Texts read(const DatasetOptions& options, const Shard& shard = {}) const {
    TextReader reader(path_, options, shard);
    Texts texts;
    for (std::string text; reader.next(text);) {
      texts.push_back(text);
    }
    return texts;
  }

  // Reads the file in up to `most` shards: the texts of all must be those of the file.
  void expect_same_texts(const std::string& bytes, const DatasetOptions& options, int32_t most) {
    write(bytes);
    const Texts whole = read(options);
    for (int32_t count = 1; count <= most; ++count) {
      Texts all;
      for (int32_t index = 0; index < count; ++index) {
        const Texts part = read(options, {index, count});
        all.insert(all.end(), part.begin(), part.end());
      }
      ASSERT_EQ(all, whole) << count << " shards, encoding " << options.encoding;
    }
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "texts";
};

// More shards than there are bytes, so that a boundary is at every place.
TEST_F(ShardTest, LinesAreDividedAtEveryPlace) {
  const std::string mark = "\xef\xbb\xbf";
  for (const std::string& lines : {""s,
                                   "\n"s,
                                   "a"s,
                                   "a\n"s,
                                   "\n\na"s,
                                   "one\r\ntwo\n\nthree"s,
                                   "a\n" + mark + "b\n" + mark + "\n",
                                   mark + "a\nb\n",
                                   "a\0b\n\0\n\0c\n"s,
                                   "a\n\xff\nb\n"s}) {
    const auto most = static_cast<int32_t>(lines.size()) + 3;
    expect_same_texts(lines, {.format = FileFormat::text}, most);
  }
  expect_same_texts("{\"text\":\"a\\nb\"}\n\n{\"text\":\"c\"}", {.format = FileFormat::jsonl}, 40);
}

TEST_F(ShardTest, RecordsAreNotCutWithinQuotes) {
  const std::string csv =
      "\"id\n,\"\"\",text\r\n1,\"two\nlines\"\n2,\"a "
      "\"\"quoted\"\"\n\n\"\r\n\n3,\"\n\"\"\n\"\n4,last";
  expect_same_texts(csv, {.format = FileFormat::csv}, 110);
  expect_same_texts("text\n\"a\n\"\n\n\"\"\nb\n", {.format = FileFormat::csv}, 30);
  expect_same_texts("text", {.format = FileFormat::csv}, 6);
  // A quote has no meaning here, so that every line is a record.
  expect_same_texts("text\tid\n\"a\t1\nb\"\t2\nc\t3", {.format = FileFormat::tsv}, 30);
  expect_same_texts(
      "text\tid\n\"a\nb\"\t2\nc\t3", {.format = FileFormat::tsv, .quoting = Quoting::on}, 30);
}

// Any field may hold any of the characters that have a meaning between records.
TEST_F(ShardTest, RandomRecordsAreNotCut) {
  std::mt19937 random(16);
  const std::vector<std::string> pieces = {"\n", "\r\n", "\"\"", ",", "a", "\xc3\xa9", "\xff"};
  for (int file = 0; file < 60; ++file) {
    std::string csv = "text,id\n";
    for (size_t row = random() % 12; row > 0; --row) {
      csv += '"';
      for (size_t piece = random() % 9; piece > 0; --piece) {
        csv += pieces[random() % pieces.size()];
      }
      csv += random() % 2 == 0 ? "\",1\n" : "\",\"\n\"\r\n\n";
    }
    expect_same_texts(csv, {.format = FileFormat::csv}, 7);
  }
}

TEST_F(ShardTest, EncodingsHaveTheirOwnLineFeeds) {
  // U+0A0A and U+0A22 have the bytes of line feeds and quotes in other places.
  const std::string wide = "id,text\n1,\"\u0a0a\n\u0a22\"\n2,\ufeff\u220a\n3,\"\U0001f600\"\n";
  const std::string japanese = "id,text\n1,\"\u8868\n\u3042\"\n2,\u30bd\n3,b\n";
  const std::string latin = "id,text\n1,\"\u00e9\n\"\"\"\n2,\u00fc\n3,b";
  const std::vector<std::pair<std::string, std::string>> cases = {{"utf-16", wide},
                                                                  {"utf-16le", wide},
                                                                  {"UTF_16BE", wide},
                                                                  {"utf-32", wide},
                                                                  {"utf-32be", wide},
                                                                  {"utf-8", wide},
                                                                  {"gb18030", wide},
                                                                  {"shift_jis", japanese},
                                                                  {"euc-jp", japanese},
                                                                  {"windows-1252", latin},
                                                                  {"ibm037", latin}};
  for (const auto& [encoding, rows] : cases) {
    const std::string bytes = encode(rows, encoding).value();
    for (const FileFormat format : {FileFormat::csv, FileFormat::text}) {
      expect_same_texts(bytes, {.format = format, .encoding = encoding}, 30);
    }
  }
  // The other byte order, which the mark announces.
  for (const std::string order : {"utf-16be", "utf-32be"}) {
    const std::string bytes = encode("\ufeff" + wide, order).value();
    const std::string name = order.substr(0, order.size() - 2);
    expect_same_texts(bytes, {.format = FileFormat::csv, .encoding = name}, 30);
    expect_same_texts(bytes, {.format = FileFormat::text, .encoding = name}, 30);
  }
}

TEST_F(ShardTest, RowsMayBeLongerThanABlock) {
  std::string rows = "text\n";
  for (int i = 0; i < 40; ++i) {
    rows += "\"" + std::to_string(i) +
            std::string(i % 7 == 0 ? 70'000 : 3'000, i % 2 ? 'x' : '\n') + "\"\n";
  }
  expect_same_texts(rows, {.format = FileFormat::csv}, 9);
  std::erase(rows, '"');
  expect_same_texts(rows, {.format = FileFormat::text}, 9);
}

TEST_F(ShardTest, SharesAreAboutEqual) {
  std::string rows;
  for (int i = 1000; i < 2000; ++i) {
    rows += "line " + std::to_string(i) + "\n";
  }
  write(rows);
  for (int32_t index = 0; index < 7; ++index) {
    const size_t texts = read({.format = FileFormat::text}, {index, 7}).size();
    EXPECT_NEAR(static_cast<double>(texts), 1000.0 / 7, 1) << index;
  }
}

TEST_F(ShardTest, WhatIsNotValidIsCountedOnce) {
  write("a\n\xff\nb\n\xff\xff\nc\n");
  int64_t replaced = 0;
  for (int32_t index = 0; index < 4; ++index) {
    TextReader reader(path_, {.format = FileFormat::text}, {index, 4});
    for (std::string text; reader.next(text);) {
    }
    replaced += reader.replaced().texts;
  }
  EXPECT_EQ(replaced, 2);
}

TEST_F(ShardTest, MessagesNameTheShard) {
  write("text\naaaaaaaaaaaa\nb,2\nc\n");
  expect_error(ErrorCode::invalid_data, "texts, shard 1/2:2", [&] {
    EXPECT_EQ(read({.format = FileFormat::csv}, {0, 2}), Texts{"aaaaaaaaaaaa"});
    read({.format = FileFormat::csv}, {1, 2});
  });
}

TEST_F(ShardTest, AFileThatShrinksIsAnError) {
  write("first\nsecond\n");
  TextReader reader(path_, {.format = FileFormat::text}, {1, 2});
  std::filesystem::resize_file(path_, 0);
  std::string text;
  expect_error(ErrorCode::io_error, "texts, shard 1/2:1", [&] { reader.next(text); });
}

TEST_F(ShardTest, WhatHasNoShardsIsRefused) {
  write("a\nb\n");
  for (const Shard& shard : {Shard{-1, 2}, Shard{2, 2}, Shard{0, 0}, Shard{0, -1}}) {
    expect_error(ErrorCode::invalid_argument, "expected an index", [&] { read({}, shard); });
  }
  for (const std::string encoding : {"iso-2022-jp", "iso-2022-kr", "utf-7", "ibm930"}) {
    expect_error(ErrorCode::invalid_argument, "convert the file to UTF-8", [&] {
      read({.encoding = encoding}, {1, 2});
    });
  }
  expect_error(ErrorCode::invalid_argument, "a name that iconv knows", [&] {
    read({.encoding = "none"}, {1, 2});
  });
  const std::filesystem::path pipe = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expect_error(
      ErrorCode::invalid_argument, "an ordinary file", [&] { TextReader(pipe, {}, {0, 2}); });
  expect_error(
      ErrorCode::missing_input, "a folder", [&] { TextReader(folder_.path(), {}, {0, 2}); });
  expect_error(
      ErrorCode::missing_input, "none", [&] { TextReader(folder_.path() / "none", {}, {0, 2}); });
}

TEST_F(ShardTest, AnUnnamedEncodingIsRefusedInEveryShard) {
  for (const std::string encoding : {"utf-16", "utf-16be", "utf-32"}) {
    write(encode("where is my card\nplease close my account\nthank you\n", encoding).value());
    for (int32_t index = 0; index < 3; ++index) {
      expect_error(ErrorCode::invalid_data, "set the encoding", [&] {
        read({.format = FileFormat::text}, {index, 3});
      });
    }
  }
}

}  // namespace
}  // namespace fastintent
