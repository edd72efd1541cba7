#include "text/read/tokenizer_settings.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/tokenizer.h"

namespace fastintent {
namespace {

using nlohmann::json;

json good_json() {
  return json::parse(R"({
    "padding": {"strategy": {"Fixed": 128}},
    "truncation": {"max_length": 3},
    "added_tokens": [{"id": 2, "content": "[CLS]", "special": true, "normalized": false}],
    "normalizer": {"type": "BertNormalizer", "lowercase": false, "strip_accents": null},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100,
              "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "##a": 5}}
  })");
}

TokenizerSettings read(const json& value) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", value.dump());
  return read_tokenizer_settings(SnapshotPath(folder.path()));
}

void expect_bad(const std::string& part, const std::function<void(json&)>& change) {
  json value = good_json();
  change(value);
  expect_error(ErrorCode::bad_checkpoint, part, [&] { read(value); });
  expect_error(ErrorCode::bad_checkpoint, "tokenizer.json", [&] { read(value); });
}

TEST(TokenizerJson, IsRead) {
  const TokenizerSettings settings = read(good_json());
  const auto& wordpiece = std::get<WordPieceSettings>(settings.pipeline);
  EXPECT_FALSE(wordpiece.normalizer.lower_case);
  EXPECT_FALSE(wordpiece.normalizer.strip_accents) << "follows lowercase";
  EXPECT_TRUE(wordpiece.normalizer.clean_text);
  EXPECT_EQ(wordpiece.model.vocabulary.find("##a"), 5);
  EXPECT_EQ(settings.ids_before, std::vector<int32_t>{2});
  EXPECT_EQ(settings.ids_after, std::vector<int32_t>{3});
  ASSERT_EQ(settings.added_tokens.size(), 1U);
  EXPECT_FALSE(settings.added_tokens[0].normalized);
}

TEST(TokenizerJson, StoredPaddingAndTruncationAreIgnored) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", good_json().dump());
  const Tokenizer tokenizer(folder.path());
  EXPECT_EQ(tokenizer.encode("a a aa").ids, (std::vector<int32_t>{2, 4, 4, 4, 5, 3}));
}

TEST(TokenizerJson, ATemplateMayHoldSeveralIds) {
  json value = good_json();
  value["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"x": {"id": "x", "ids": [2, 3], "tokens": ["[CLS]", "[SEP]"]}}})");
  EXPECT_EQ(read(value).ids_before, (std::vector<int32_t>{2, 3}));
  EXPECT_EQ(read(value).ids_after, std::vector<int32_t>{});
  value["post_processor"] = nullptr;
  EXPECT_EQ(read(value).ids_before, std::vector<int32_t>{});
}

TEST(TokenizerJson, OtherKindsAreNamed) {
  expect_bad("or \"BPE\" as 'model.type', found \"WordLevel\"",
             [](json& value) { value["model"]["type"] = "WordLevel"; });
  expect_bad("'normalizer.type', found \"NFC\"",
             [](json& value) { value["normalizer"]["type"] = "NFC"; });
  expect_bad("'pre_tokenizer.type', found 3",
             [](json& value) { value["pre_tokenizer"]["type"] = 3; });
  expect_bad("'post_processor.type', found \"Other\"",
             [](json& value) { value["post_processor"]["type"] = "Other"; });
}

TEST(TokenizerJson, MalformedPartsAreNamed) {
  expect_bad("an object as 'model', found none", [](json& value) { value.erase("model"); });
  expect_bad("an object as 'pre_tokenizer', found null",
             [](json& value) { value["pre_tokenizer"] = nullptr; });
  expect_bad("an object as 'model.vocab', found an array of 0",
             [](json& value) { value["model"]["vocab"] = json::array(); });
  for (const json& id : {json(-1), json(1U << 31), json(1.5), json("1"), json(nullptr)}) {
    expect_bad("an id as 'model.vocab.a'", [&](json& value) { value["model"]["vocab"]["a"] = id; });
  }
  expect_bad("'model.max_input_chars_per_word', found -1",
             [](json& value) { value["model"]["max_input_chars_per_word"] = -1; });
  expect_bad("true or false as 'normalizer.lowercase', found \"yes\"",
             [](json& value) { value["normalizer"]["lowercase"] = "yes"; });
  expect_bad("'added_tokens[0].content', found none",
             [](json& value) { value["added_tokens"][0].erase("content"); });
  expect_bad("as 'added_tokens[0]', found 7", [](json& value) { value["added_tokens"][0] = 7; });
  expect_bad("'post_processor.cls'", [](json& value) { value["post_processor"]["cls"] = {"x"}; });
  expect_bad("found no '[UNK]'", [](json& value) { value["model"]["vocab"].erase("[UNK]"); });
  expect_bad("sequence A once", [](json& value) {
    value["post_processor"] = {{"type", "TemplateProcessing"}, {"single", json::array()}};
  });
}

json unigram_json() {
  return json::parse(R"({
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Strip", "strip_left": true, "strip_right": true},
      {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "NFKC"}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "\u2581"}]},
    "post_processor": {"type": "Sequence", "processors": [
      {"type": "ByteLevel"}, {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]}]},
    "model": {"type": "Unigram", "unk_id": 2,
              "vocab": [["<s>", 0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581a", -1.5], ["b", -2]]}
  })");
}

TEST(UnigramJson, DecidesWhicheverClassIsNamed) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", unigram_json().dump());
  for (const char* config : {"{}",
                             R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})",
                             R"({"tokenizer_class": "XLMRobertaTokenizerFast"})",
                             R"({"tokenizer_class": "PreTrainedTokenizerFast"})"}) {
    folder.write("tokenizer_config.json", config);
    const Tokenizer tokenizer(folder.path());
    EXPECT_EQ(tokenizer.encode(" ab \u00AA\tA").ids, (std::vector<int32_t>{0, 3, 4, 3, 2, 1}));
    EXPECT_EQ(tokenizer.vocabulary_size(), 5);
  }
}

TEST(UnigramJson, WhatIsNotFollowedIsNamed) {
  const auto expect = [](const std::string& part, const std::function<void(json&)>& change) {
    json value = unigram_json();
    change(value);
    expect_error(ErrorCode::bad_checkpoint, part, [&] { read(value); });
  };
  expect("'normalizer.type', found \"Nmt\"", [](json& v) { v["normalizer"] = {{"type", "Nmt"}}; });
  expect("'normalizer.normalizers[].pattern'",
         [](json& v) { v["normalizer"]["normalizers"][1]["pattern"] = {{"Regex", "a|b"}}; });
  expect("'normalizer.precompiled_charsmap', found \"x\"", [](json& v) {
    v["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "x"}};
  });
  expect("a trie and its strings as 'normalizer.precompiled_charsmap'", [](json& v) {
    v["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "AAAA"}};
  });
  expect("at most 256 bytes as 'normalizer.normalizers[].content'",
         [](json& v) { v["normalizer"]["normalizers"][1]["content"] = std::string(257, 'x'); });
  expect("then Metaspace", [](json& v) { v["pre_tokenizer"] = {{"type", "Punctuation"}}; });
  expect("\"first\" without a normalizer",
         [](json& v) { v["pre_tokenizer"]["pretokenizers"][1]["prepend_scheme"] = "first"; });
  expect("one character as",
         [](json& v) { v["pre_tokenizer"]["pretokenizers"][1]["replacement"] = "__"; });
  expect("add_prefix_space', found false", [](json& v) {
    v["pre_tokenizer"]["pretokenizers"][1].update(
        {{"add_prefix_space", false}, {"prepend_scheme", "always"}});
  });
  expect("one processor with special tokens as 'post_processor.processors[].type'", [](json& v) {
    json& processors = v["post_processor"]["processors"];
    processors.push_back(processors[1]);
  });
  expect("'model.unk_id', found null", [](json& v) { v["model"]["unk_id"] = nullptr; });
  expect("an id of the 5 tokens as 'model.unk_id', found 5",
         [](json& v) { v["model"]["unk_id"] = 5; });
  expect("as the items of 'model.vocab'", [](json& v) { v["model"]["vocab"][0] = {"a", "b"}; });
  expect("an array as 'model.vocab'", [](json& v) { v["model"]["vocab"] = json::object(); });
}

TEST(VocabTxt, IsReadWithItsConfiguration) {
  const TemporaryFolder folder;
  folder.write("vocab.txt", "[UNK]\r\n<s>\n[SEP]  \na\n\nb\nb\nlast");
  folder.write("tokenizer_config.json",
               R"({"do_lower_case": false, "tokenize_chinese_chars": false, "strip_accents": true,
                   "cls_token": {"content": "<s>", "lstrip": true}, "model_max_length": 1e30,
                   "added_tokens_decoder": {"10": {"content": "ten"}, "9": {"content": "nine"}}})");
  const TokenizerSettings settings = read_tokenizer_settings(SnapshotPath(folder.path()));
  const auto& wordpiece = std::get<WordPieceSettings>(settings.pipeline);
  EXPECT_FALSE(wordpiece.normalizer.lower_case);
  EXPECT_FALSE(wordpiece.normalizer.space_cjk);
  EXPECT_TRUE(wordpiece.normalizer.strip_accents);
  EXPECT_EQ(wordpiece.model.vocabulary.find("[SEP]"), 2);
  EXPECT_EQ(wordpiece.model.vocabulary.find("b"), 6) << "the last of equal lines";
  EXPECT_EQ(wordpiece.model.vocabulary.find("last"), 7);
  EXPECT_EQ(settings.ids_before, std::vector<int32_t>{1});
  std::vector<std::string> added;
  for (const AddedToken& token : settings.added_tokens) {
    added.push_back(token.content);
  }
  EXPECT_EQ(added,
            (std::vector<std::string>{"nine", "ten", "[UNK]", "[SEP]", "[PAD]", "<s>", "[MASK]"}));
  EXPECT_TRUE(settings.added_tokens[5].lstrip);
}

TEST(VocabTxt, ErrorsAreNamed) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::missing_input, "found neither", [&] { Tokenizer{folder.path()}; });
  folder.write("vocab.txt", "[UNK]\n[SEP]\n");
  expect_error(ErrorCode::bad_checkpoint, "found no '[CLS]'", [&] { Tokenizer{folder.path()}; });
  folder.write("vocab.txt", "[UNK]\n\xFF\n");
  expect_error(ErrorCode::bad_checkpoint, "the first 6 UTF-8", [&] { Tokenizer{folder.path()}; });
}

class MaximumLength : public testing::Test {
 protected:
  MaximumLength() { folder_.write("tokenizer.json", good_json().dump()); }
  int length(int asked = 0) const { return Tokenizer(folder_.path(), asked).max_length(); }

  TemporaryFolder folder_;
};

TEST_F(MaximumLength, IsTheFoldersOwn) {
  EXPECT_EQ(length(), 512) << "BERT's, where the folder names none";
  folder_.write("tokenizer_config.json", R"({"model_max_length": 1e30})");
  EXPECT_EQ(length(), 512);
  folder_.write("config.json", R"({"max_position_embeddings": 300})");
  EXPECT_EQ(length(), 300);
  folder_.write("tokenizer_config.json", R"({"model_max_length": 200})");
  EXPECT_EQ(length(), 200);
  folder_.write("sentence_bert_config.json", R"({"max_seq_length": 256})");
  EXPECT_EQ(length(), 200) << "a folder of transformers";
  folder_.write("modules.json",
                R"([{"path": "", "type": "sentence_transformers.models.Transformer"}])");
  EXPECT_EQ(length(), 256);
  folder_.write("sentence_bert_config.json", R"({"max_seq_length": null})");
  EXPECT_EQ(length(), 200);
}

TEST_F(MaximumLength, IsWhatThePositionsBehindThePaddingTokensHold) {
  for (const char* family : {"roberta", "xlm-roberta", "camembert"}) {
    const std::string begin = std::string(R"({"model_type": ")") + family + '"';
    folder_.write("config.json", begin + R"(, "max_position_embeddings": 300})");
    EXPECT_EQ(length(), 298) << family;
    folder_.write("config.json", begin + R"(, "max_position_embeddings": 300, "pad_token_id": 3})");
    EXPECT_EQ(length(), 296) << family;
    expect_error(ErrorCode::invalid_argument, "from 3 to 296", [&] { length(297); });
  }
  // MPNet's padding token is 1, whatever the file says.
  folder_.write("config.json",
                R"({"model_type": "mpnet", "max_position_embeddings": 300, "pad_token_id": 3})");
  EXPECT_EQ(length(), 298);
}

TEST_F(MaximumLength, TheCallersMustFit) {
  folder_.write("config.json", R"({"max_position_embeddings": 300})");
  EXPECT_EQ(length(3), 3);
  EXPECT_EQ(length(300), 300);
  for (const int asked : {-1, 1, 2, 301}) {
    expect_error(ErrorCode::invalid_argument, "from 3 to 300", [&] { length(asked); });
  }
}

TEST_F(MaximumLength, TheFoldersMustMakeSense) {
  folder_.write("modules.json",
                R"([{"path": "", "type": "sentence_transformers.models.Transformer"}])");
  for (const char* bad : {"0", "-5", "2", "\"many\""}) {
    folder_.write("sentence_bert_config.json", std::string(R"({"max_seq_length": )") + bad + "}");
    expect_error(ErrorCode::bad_checkpoint, "expected", [&] { length(); });
  }
}

}  // namespace
}  // namespace fastintent
