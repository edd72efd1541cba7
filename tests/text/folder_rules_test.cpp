// The rules of tokenizer folders, against the ids of transformers (make_folder_rules.py), and the
// folders that are refused.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/tokenizer.h"

namespace fastintent {
namespace {

using nlohmann::json;

const char* const kTable = "tests/text/data/folder_rules.jsonl";

json read_base() {
  std::ifstream lines(kTable);
  std::string line;
  std::getline(lines, line);
  return json::parse(line);
}

// Writes the files of the base, changed by merge patches, and returns the folder's tokenizer.
Tokenizer open_changed(const json& base, const json& patches, bool as_vocab_txt = false) {
  const TemporaryFolder folder;
  json files = base.at("files");
  for (const auto& [name, patch] : patches.items()) {
    files[name].merge_patch(patch);
  }
  if (as_vocab_txt) {
    std::vector<std::string> words(files["tokenizer.json"]["model"]["vocab"].size());
    for (const auto& [word, id] : files["tokenizer.json"]["model"]["vocab"].items()) {
      words.at(id.get<size_t>()) = word;
    }
    std::string text;
    for (const std::string& word : words) {
      text += word + "\n";
    }
    folder.write("vocab.txt", text);
    files.erase("tokenizer.json");
  }
  for (const auto& [name, document] : files.items()) {
    folder.write(name, document.dump());
  }
  return Tokenizer(folder.path());
}

TEST(FolderRules, GiveTheIdsOfTransformers) {
  const json base = read_base();
  std::ifstream lines(kTable);
  std::string line;
  std::getline(lines, line);
  int rows = 0;
  for (; std::getline(lines, line); ++rows) {
    const json row = json::parse(line);
    const std::string name = row.at("name");
    SCOPED_TRACE(name);
    try {
      const Tokenizer tokenizer = open_changed(base, row.at("patches"), row.at("vocab_txt"));
      for (size_t i = 0; i < base.at("texts").size(); ++i) {
        EXPECT_EQ(json(tokenizer.encode(base.at("texts")[i].get<std::string>()).ids),
                  row.at("ids")[i])
            << base.at("texts")[i];
      }
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GE(rows, 140);
}

// Longer than a block of the tokenizer; and what was in the vector before stays.
TEST(FolderRules, ALongTextKeepsItsEnd) {
  const json base = read_base();
  const json left = {{"tokenizer_config.json", {{"truncation_side", "left"}}}};
  const Tokenizer tokenizer = open_changed(base, left);
  std::string text = "card";
  for (int i = 0; i < 2000; ++i) {
    text += " my";
  }
  const int32_t my = tokenizer.encode("my").ids.at(1);
  std::vector<int32_t> expected(1 + 64, my);
  expected[0] = 7;
  expected[1] = tokenizer.encode("my").ids.front();
  expected.back() = tokenizer.encode("my").ids.back();
  std::vector<int32_t> ids = {7};
  EXPECT_TRUE(tokenizer.append_ids(text, ids));
  EXPECT_EQ(ids, expected);
  const Tokenizer::Encoding whole = tokenizer.encode(text.substr(text.size() - 62 * 3));
  EXPECT_FALSE(whole.truncated);
  EXPECT_EQ(whole.ids, std::vector<int32_t>(expected.begin() + 1, expected.end()));
}

TEST(FolderRules, OtherRulesAreRefusedByName) {
  const json base = read_base();
  const auto refuses = [&](const char* part, const char* file, json patch) {
    expect_error(
        ErrorCode::bad_checkpoint, part, [&] { open_changed(base, {{file, std::move(patch)}}); });
  };
  for (const char* name : {"BertJapaneseTokenizer",
                           "PhobertTokenizer",
                           "BertweetTokenizer",
                           "T5TokenizerFast",
                           "BertweetTokenizer",
                           "MyTokenizer"}) {
    refuses(name, "tokenizer_config.json", {{"tokenizer_class", name}});
  }
  refuses("'truncation_side'", "tokenizer_config.json", {{"truncation_side", "middle"}});
  refuses("'truncation.direction'", "tokenizer.json", {{"truncation", {{"direction", "Middle"}}}});
  refuses("split_special_tokens", "tokenizer_config.json", {{"split_special_tokens", true}});
  refuses("word_tokenizer_type", "tokenizer_config.json", {{"word_tokenizer_type", "mecab"}});
  refuses("true or false as 'do_lower_case'", "tokenizer_config.json", {{"do_lower_case", "no"}});
  refuses("cls_token", "tokenizer_config.json", {{"cls_token", "<none>"}});
  refuses("unk_token", "tokenizer_config.json", {{"unk_token", "<none>"}});
  refuses("'additional_special_tokens'",
          "tokenizer_config.json",
          {{"additional_special_tokens", "<X>"}});
  refuses("the ids of the special tokens '<X>' and '<Y>'",
          "tokenizer_config.json",
          {{"x_token", "<X>"}, {"a_token", "<Y>"}});
  refuses("as 'added_tokens_decoder.x'",
          "tokenizer_config.json",
          {{"added_tokens_decoder", {{"x", {{"content", "<X>"}}}}}});
  refuses("as '<X>'", "added_tokens.json", {{"<X>", "many"}});
  refuses("an id of its own", "added_tokens.json", {{"<X>", 21}, {"<Y>", 21}});
  json patches = {{"config.json", {{"tokenizer_class", "BertJapaneseTokenizer"}}}};
  patches["tokenizer_config.json"]["tokenizer_class"] = nullptr;
  expect_error(
      ErrorCode::bad_checkpoint, "BertJapaneseTokenizer", [&] { open_changed(base, patches); });
}

// Of a class that follows tokenizer.json, a vocabulary alone says too little.
TEST(FolderRules, AVocabularyNeedsAClassWithRules) {
  const json base = read_base();
  const json patches = {
      {"tokenizer_config.json", {{"tokenizer_class", "PreTrainedTokenizerFast"}}}};
  expect_error(ErrorCode::bad_checkpoint, "a tokenizer.json", [&] {
    open_changed(base, patches, /*as_vocab_txt=*/true);
  });
}

TEST(FolderRules, AGitLfsPointerIsNamed) {
  const json base = read_base();
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 466247\n";
  for (const char* name : {"tokenizer.json",
                           "vocab.txt",
                           "tokenizer_config.json",
                           "special_tokens_map.json",
                           "added_tokens.json",
                           "config.json"}) {
    const TemporaryFolder folder;
    for (const auto& [file, document] : base.at("files").items()) {
      folder.write(file, document.dump());
    }
    if (std::string(name) == "vocab.txt") {
      std::filesystem::remove(folder.path() / "tokenizer.json");
    }
    folder.write(name, pointer);
    expect_error(ErrorCode::bad_checkpoint, "Git LFS pointer", [&] { Tokenizer{folder.path()}; });
  }
}

// What sentence-transformers does to a text before the tokenizer.
class SentenceRules : public testing::Test {
 protected:
  SentenceRules() {
    const json files = read_base().at("files");
    for (const auto& [name, document] : files.items()) {
      folder_.write(name, document.dump());
    }
    folder_.write("modules.json",
                  R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                      {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])");
  }
  Tokenizer open() const { return Tokenizer(folder_.path()); }
  void refuses(const char* part) const {
    expect_error(ErrorCode::bad_checkpoint, part, [&] { open(); });
  }

  TemporaryFolder folder_;
};

TEST_F(SentenceRules, ADefaultPromptComesBeforeEveryText) {
  const std::vector<int32_t> plain = open().encode("my card is lost").ids;
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": {"q": "my card ", "query": "x"}, "default_prompt_name": "q"})");
  EXPECT_EQ(open().encode("is lost").ids, plain);
  folder_.write("config_sentence_transformers.json", R"({"prompts": {"q": "my card "}})");
  EXPECT_EQ(open().encode("my card is lost").ids, plain) << "no default";
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": 5, "default_prompt_name": null, "similarity_fn_name": []})");
  EXPECT_EQ(open().encode("my card is lost").ids, plain) << "keys that are not read";
  folder_.write("config_sentence_transformers.json", R"({"default_prompt_name": "query"})");
  EXPECT_EQ(open().encode("my card is lost").ids, plain) << "an empty prompt of the library";
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": {"q": "my "}, "default_prompt_name": "p"})");
  refuses("default_prompt_name");
  folder_.write("config_sentence_transformers.json", R"({"model_type": "CrossEncoder"})");
  refuses("CrossEncoder");
}

TEST_F(SentenceRules, APromptCountsAmongTheTokens) {
  folder_.write("config_sentence_transformers.json",
                R"({"prompts": {"q": "my card "}, "default_prompt_name": "q"})");
  const Tokenizer::Encoding cut = Tokenizer(folder_.path(), 5).encode("is lost");
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.ids.size(), 5U);
}

TEST_F(SentenceRules, TextsMayBeLowerCasedFirst) {
  const std::vector<int32_t> lowered = open().encode("where is my card").ids;
  folder_.write("tokenizer_config.json",
                R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})");
  EXPECT_NE(open().encode("Where IS my Card").ids, lowered);
  folder_.write("sentence_bert_config.json", R"({"do_lower_case": true})");
  EXPECT_EQ(open().encode("Where IS my Card").ids, lowered);
  EXPECT_EQ(open().encode("CAF\u00C9").ids[1], 12) << "accents are kept";
}

TEST_F(SentenceRules, TheMaximumLengthIsThatOfTheTransformer) {
  EXPECT_EQ(open().max_length(), 64);
  folder_.write("sentence_distilbert_config.json", R"({"max_seq_length": 20})");
  EXPECT_EQ(open().max_length(), 20) << "an older name of the file";
  folder_.write("sentence_bert_config.json", R"({"max_seq_length": 30})");
  EXPECT_EQ(open().max_length(), 30);
  folder_.write("modules.json", "[]");
  refuses("no modules");
  std::filesystem::remove(folder_.path() / "modules.json");
  EXPECT_EQ(open().max_length(), 64) << "a folder of transformers";
}

TEST_F(SentenceRules, TheTransformerMayBeInAFolderOfItsOwn) {
  const std::vector<int32_t> ids = open().encode("my card").ids;
  const std::filesystem::path encoder = folder_.path() / "0_Transformer";
  std::filesystem::create_directory(encoder);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "config.json"}) {
    std::filesystem::rename(folder_.path() / name, encoder / name);
  }
  folder_.write(
      "modules.json",
      R"([{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}])");
  EXPECT_EQ(open().encode("my card").ids, ids);
}

TEST_F(SentenceRules, OtherSettingsAreRefusedByName) {
  for (const char* setting : {R"({"transformer_task": "fill-mask"})",
                              R"({"module_output_name": "sentence_embedding"})",
                              R"({"tokenizer_args": {"model_max_length": 4}})",
                              R"({"processor_kwargs": {"do_lower_case": false}})",
                              R"({"processing_kwargs": {"text": {"max_length": 4}}})",
                              R"({"config_kwargs": {"layer_norm_eps": 0.5}})",
                              R"({"tokenizer_name_or_path": "other"})"}) {
    folder_.write("sentence_bert_config.json", setting);
    refuses(json::parse(setting).begin().key().c_str());
  }
  folder_.write("sentence_bert_config.json", R"({"tokenizer_args": {}, "model_args": {"x": 1}})");
  open();
  folder_.write("modules.json", R"([{"path": "", "type": "mine.Transformer"}])");
  refuses("mine.Transformer");
}

}  // namespace
}  // namespace fastintent
