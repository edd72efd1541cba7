#include "model/saved_tokenizer.h"

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace fastintent {
namespace {

using nlohmann::json;

constexpr const char* kUnigram = R"({
  "added_tokens": [{"id": 0, "content": "<s>"}, {"id": 1, "content": "<pad>"},
                   {"id": 2, "content": "</s>"}, {"id": 3, "content": "[UNK]"}],
  "model": {"type": "Unigram", "vocab": [["<s>", 0], ["a", -1.5]]}})";

class SavedTokenizer : public testing::Test {
 protected:
  json config(const char* tokenizer_config) const {
    folder_.write("tokenizer_config.json", tokenizer_config);
    const JsonDocument header = read_tokenizer_header(file());
    return *saved_tokenizer_config(read_tokenizer_config(at()), &header, 64);
  }
  SnapshotPath at() const { return SnapshotPath(folder_.path()); }
  SnapshotPath file() const { return at() / "tokenizer.json"; }

  TemporaryFolder folder_;
};

TEST_F(SavedTokenizer, OfAnotherModelThanWordPieceFollowsItsFile) {
  folder_.write("tokenizer.json", kUnigram);
  for (const char* found : {R"({"tokenizer_class": "XLMRobertaTokenizer", "pad_token": "x"})",
                            R"({"tokenizer_class": "BertTokenizer", "pad_token": "x"})",
                            R"({"pad_token": "x", "do_lower_case": true})"}) {
    const json saved = config(found);
    EXPECT_EQ(saved.at("tokenizer_class"), "PreTrainedTokenizerFast");
    EXPECT_EQ(saved.at("model_input_names"), json({"input_ids", "attention_mask"}));
    EXPECT_EQ(saved.at("model_max_length"), 64);
    EXPECT_EQ(saved.at("cls_token"), "<s>");
    EXPECT_EQ(saved.at("unk_token"), "[UNK]");
    EXPECT_EQ(saved.at("pad_token"), "x") << "the folder's own";
    EXPECT_FALSE(saved.contains("mask_token")) << "there is none";
    EXPECT_FALSE(saved.contains("strip_accents"));
    EXPECT_FALSE(saved_tokenizer_json(file(), read_tokenizer_config(at())));
  }
}

TEST_F(SavedTokenizer, TheHeaderHasNoVocabulary) {
  folder_.write("tokenizer.json", kUnigram);
  EXPECT_EQ(read_tokenizer_header(file()).section("model").value(),
            json::parse(R"({"type": "Unigram", "vocab": []})"));
  folder_.write("tokenizer.json",
                R"({"model": {"vocab": {"a": 1}, "merges": ["a b", ["a", "c"]]}})");
  EXPECT_EQ(read_tokenizer_header(file()).section("model").value(),
            json::parse(R"({"vocab": {}, "merges": []})"));
  EXPECT_EQ(tokenizer_model_type(read_tokenizer_header(file())), "WordPiece");
}

}  // namespace
}  // namespace fastintent
