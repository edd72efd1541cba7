#include <cstdlib>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

using Names = std::vector<std::string>;

class LabelledTextsFile : public testing::Test {
 protected:
  LabelledTexts read(const std::string& name,
                     const std::string& bytes,
                     const DatasetOptions& options = {}) const {
    return read_labelled_texts(folder_.write(name, bytes), options);
  }
  void expect_bad(const std::string& name,
                  const std::string& bytes,
                  const std::string& part) const {
    expect_error(ErrorCode::invalid_data, part, [&] { read(name, bytes); });
    expect_error(ErrorCode::invalid_data, name, [&] { read(name, bytes); });
  }

  TemporaryFolder folder_;
};

TEST_F(LabelledTextsFile, KeepsTheOrderAndCounts) {
  const LabelledTexts data =
      read("a.csv", "text,category\nb,y\na,x\n \xc2\xa0,z\nb,y\nb,x\n,\na,x\n");
  EXPECT_EQ(data.texts, (Names{"b", "a", "b", "b", "a"}));
  EXPECT_EQ(data.labels, (Names{"y", "x", "y", "x", "x"}));
  EXPECT_EQ(data.label_names, (Names{"x", "y"}));
  EXPECT_EQ(data.label_counts, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(data.duplicates, 3);
  EXPECT_EQ(data.conflicting_duplicates, 1);
  EXPECT_EQ(data.blank_texts, 2);
  EXPECT_EQ(read("a.csv", "text,label\nA b,x\na B\xc2\xa0,x\n").duplicates, 1);
}

TEST_F(LabelledTextsFile, FindsTheColumns) {
  EXPECT_EQ(read("a.csv", "category,intent,label,text\nc,i,l,t\n").labels, Names{"l"});
  EXPECT_EQ(read("a.csv", "category,intent,text\nc,i,t\n").labels, Names{"i"});
  EXPECT_EQ(read("a.tsv", "category\ttext\nc\tt\n").labels, Names{"c"});
  const LabelledTexts data =
      read("a.csv", "text,label,q,a\n1,2,3,4\n", {FileFormat::automatic, "q", "a"});
  EXPECT_EQ(data.texts, Names{"3"});
  EXPECT_EQ(data.labels, Names{"4"});
  EXPECT_EQ(read("a.txt", "text,label\nt,l\n", {FileFormat::csv, "", ""}).labels, Names{"l"});
}

TEST_F(LabelledTextsFile, JsonLines) {
  const LabelledTexts data = read("a.jsonl",
                                  "{\"text\":\"a\",\"label\":\"x\"}\n\n"
                                  "{\"intent\":-12,\"text\":\"b\",\"category\":\"no\"}\n");
  EXPECT_EQ(data.texts, (Names{"a", "b"}));
  EXPECT_EQ(data.labels, (Names{"x", "-12"}));
  EXPECT_EQ(data.blank_texts, 1);
  expect_bad("b.jsonl", "{\"text\":\"a\",\"label\":1.5}\n", "a string or an integer as label");
  expect_bad("b.jsonl", "{\"text\":\"a\",\"label\":null}\n", "found null");
  expect_bad("b.jsonl", "{\"text\":\"a\"}\n", "a key 'label' or 'intent' or 'category'");
}

TEST_F(LabelledTextsFile, WhiteSpaceAroundALabelIsNoPartOfIt) {
  const LabelledTexts data = read("a.csv",
                                  "text,label\na,card \nb, card\nc,\xc2\xa0"
                                  "card\xe3\x80\x80\nd,my card\n");
  EXPECT_EQ(data.label_names, (Names{"card", "my card"}));
  EXPECT_EQ(read("a.jsonl", "{\"text\":\" a \",\"label\":\" x\\t\"}\n").labels, Names{"x"});
  EXPECT_EQ(read("a.tsv", "text\tlabel\na\tx \n").labels, Names{"x"});
}

TEST_F(LabelledTextsFile, TheBestNameOfALabelWins) {
  EXPECT_EQ(read("a.jsonl", R"({"category":"c","label":"l","intent":"i","text":"t"})").labels,
            Names{"l"});
  EXPECT_EQ(read("a.jsonl", R"({"text":"t","intent":"i","category":"c"})").labels, Names{"i"});
}

TEST_F(LabelledTextsFile, ALabelThatIsNotUtf8IsAnError) {
  expect_bad("a.csv", "text,label\na,x\nb,d\xe9p\xf4t\n", "a label in UTF-8, found the byte 0xE9");
  expect_bad("a.csv", "text,label\na,x\nb,d\xe9p\xf4t\n", "a.csv:3");
  expect_bad("a.tsv", "text\tlabel\na\t\xed\xa0\x80\n", "found the byte 0xED");
  expect_bad("a.jsonl", R"({"text":"a","label":"x\udc00"})", "a label in UTF-8, found one with");
  expect_bad("a.jsonl", "{\"text\":\"a\",\"label\":\"\xe9\"}", "a label in UTF-8, found one with");
  DatasetOptions options;
  options.encoding = "windows-1252";
  EXPECT_EQ(read("a.csv", "text,label\na,d\xe9p\xf4t\n", options).labels, Names{"d\u00e9p\u00f4t"});
  expect_error(ErrorCode::invalid_data, "a label in UTF-8", [&] {
    read("a.csv", "text,label\na,\x81\n", options);  // not in Windows-1252
  });
}

TEST_F(LabelledTextsFile, TextsThatAreNotUtf8AreCounted) {
  const LabelledTexts data = read("a.csv", "text,label\na,x\ncaf\xe9,x\n\xe9,x\n");
  EXPECT_EQ(data.texts, (Names{"a", "caf\ufffd", "\ufffd"}));
  EXPECT_EQ(data.replaced.texts, 2);
  EXPECT_EQ(data.replaced.first_line, 3);
}

TEST_F(LabelledTextsFile, AFileThatDoesNotFitIntoMemoryIsRefusedEarly) {
  std::string rows = "text,label\n";
  while (rows.size() < size_t{4} << 20) {
    rows += "where is my card,card\n";
  }
  const std::filesystem::path file = folder_.write("large.csv", rows);
  std::filesystem::resize_file(file, uintmax_t{1} << 42);  // 4.4 TB, nearly all of it a hole
  try {
    read_labelled_texts(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_resources);
    EXPECT_NE(std::string(error.what()).find("GB are free"), std::string::npos) << error.what();
  }
}

TEST(FindAlikeLabels, NamesThoseThatAPersonReadsAsOne) {
  const auto alike = find_alike_labels({"card",
                                        "Card",
                                        "card",
                                        "my  card",
                                        "my card",
                                        "my card",
                                        "d\u00e9p\u00f4t",
                                        "de\u0301po\u0302t",
                                        "de\u0301po\u0302t",
                                        "money\u200b",
                                        "money",
                                        "other"});
  ASSERT_EQ(alike.size(), 4U);
  EXPECT_EQ(alike[0].label, "card");
  EXPECT_EQ(alike[0].rows, 2);
  EXPECT_EQ(alike[0].other, "Card");
  EXPECT_EQ(alike[0].other_rows, 1);
  EXPECT_EQ(alike[1].label, "de\u0301po\u0302t");
  EXPECT_EQ(alike[2].rows, 1);
  EXPECT_EQ(alike[3].other, "my  card");
  EXPECT_TRUE(find_alike_labels({"a", "b", "a b", "card_lost", "card-lost", "a"}).empty());
}

TEST_F(LabelledTextsFile, BadFiles) {
  expect_bad("a.csv", "", "a header row");
  expect_bad("a.csv", "text,label\n", "at least one row with a text, found none");
  expect_bad("a.csv", "text,label\n ,x\n", "found only blank ones");
  expect_bad("a.csv", "text,label\na,x\nb, \n", "expected a label, found a blank one");
  expect_bad("a.csv", "text,label\na,x\nb, \n", "a.csv:3");
  expect_bad("a.csv", "text,name\na,x\n", "'category', found columns 'text', 'name'");
  for (const char* name : {"a.csv", "b.jsonl"}) {
    expect_bad(
        name, "version https://git-lfs.github.com/spec/v1\noid sha256:7\n", "Git LFS pointer");
  }
  expect_bad("a.txt", "text,label\na,x\n", "expected CSV, TSV or JSON lines with labels");
  expect_error(
      ErrorCode::missing_input, "absent.csv", [&] { read_labelled_texts(folder_ / "absent.csv"); });
}

TEST(IsBlank, UnicodeWhiteSpaceOnly) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t\n\v\f\r"));
  EXPECT_TRUE(
      is_blank("\xc2\x85\xc2\xa0\xe1\x9a\x80\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xa8\xe2\x80\xa9"));
  EXPECT_TRUE(is_blank("\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80"));
  for (const std::string text : {" a ",
                                 "\x1f",          // not white space, though near it
                                 "\xe2\x80\x8b",  // zero width space
                                 "\xef\xbb\xbf",  // byte order mark
                                 "\xe1\xa0\x8e",  // Mongolian vowel separator
                                 "\xa0",          // a lone continuation byte
                                 "\xc2",          // cut off
                                 "\xe2\x80",      // cut off
                                 "\xe0\x80\xa0",  // a space in too many bytes
                                 "\xff"}) {
    EXPECT_FALSE(is_blank(text)) << testing::PrintToString(text);
  }
  EXPECT_FALSE(is_blank(std::string(1, '\0')));
}

TEST(Banking77, IsReadWhole) {
  const char* variable = std::getenv("FASTINTENT_DATA");
  const std::filesystem::path root = variable != nullptr ? variable : "../shared/data";
  if (!std::filesystem::exists(root / "banking77")) {
    GTEST_SKIP() << "no banking77 in " << root;
  }
  const LabelledTexts train = read_labelled_texts(root / "banking77/train.csv");
  const LabelledTexts test = read_labelled_texts(root / "banking77/test.csv");
  EXPECT_EQ(train.texts.size(), 10003U);
  EXPECT_EQ(test.texts.size(), 3080U);
  EXPECT_EQ(train.label_names.size(), 77U);
  EXPECT_EQ(test.label_names, train.label_names);
  int64_t with_line_feed = 0;
  for (const LabelledTexts* data : {&train, &test}) {
    EXPECT_EQ(data->blank_texts, 0);
    for (const std::string& text : data->texts) {
      with_line_feed += text.find('\n') != std::string::npos ? 1 : 0;
    }
  }
  EXPECT_EQ(with_line_feed, 13);
}

}  // namespace
}  // namespace fastintent
