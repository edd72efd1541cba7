#include "hub/model_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::string>;

TEST(ChooseModelFiles, WhatIsReadWithWeightsLast) {
  EXPECT_EQ(
      choose_model_files({".gitattributes",
                          "README.md",
                          "model.safetensors",
                          "config.json",
                          "fastintent.json",
                          "flax_model.msgpack",
                          "onnx/model.onnx",
                          "onnx/config.json",
                          "pytorch_model.bin",
                          "tokenizer.json",
                          "vocab.txt"}),
      (Files{
          "config.json", "fastintent.json", "tokenizer.json", "vocab.txt", "model.safetensors"}));
}

// As multilingual-e5-small has them: tokenizer.json has all rules of the other files of the tokenizer.
TEST(ChooseModelFiles, OneFormOfTheTokenizer) {
  EXPECT_EQ(choose_model_files({"1_Pooling/config.json",
                                "config.json",
                                "merges.txt",
                                "model.safetensors",
                                "modules.json",
                                "onnx/tokenizer.json",
                                "openvino/openvino_model.bin",
                                "pytorch_model.bin",
                                "sentence_bert_config.json",
                                "sentencepiece.bpe.model",
                                "special_tokens_map.json",
                                "spiece.model",
                                "spm.model",
                                "tokenizer.json",
                                "tokenizer_config.json",
                                "vocab.json"}),
            (Files{"1_Pooling/config.json",
                   "config.json",
                   "modules.json",
                   "sentence_bert_config.json",
                   "special_tokens_map.json",
                   "tokenizer.json",
                   "tokenizer_config.json",
                   "model.safetensors"}));
}

TEST(ChooseModelFiles, ModulesOfSentenceTransformers) {
  EXPECT_EQ(choose_model_files({"0_Transformer/model.safetensors",
                                "0_Transformer/tokenizer.json",
                                "1_Pooling/config.json",
                                "2_Dense/model.safetensors",
                                "2_Dense/pytorch_model.bin",
                                "2_Dense/inner/config.json",
                                "_Pooling/config.json",
                                "3/config.json",
                                "2024_results/config.json",
                                "modules.json"}),
            (Files{"0_Transformer/tokenizer.json",
                   "1_Pooling/config.json",
                   "modules.json",
                   "0_Transformer/model.safetensors",
                   "2_Dense/model.safetensors"}));
}

// Older names of a file that is read, and files that say that a folder is no model.
TEST(ChooseModelFiles, FilesOfOtherKindsOfFolders) {
  const Files files = {"adapter_config.json",
                       "config_sentence_transformers.json",
                       "config_setfit.json",
                       "sentence_bert_config.json",
                       "sentence_distilbert_config.json"};
  EXPECT_EQ(choose_model_files(files), files);
  EXPECT_EQ(choose_model_files({"model_head.pkl", "sentence_other_config.json"}), Files{});
}

TEST(ChooseModelFiles, ShardsOnlyWithoutTheWholeFile) {
  const Files shards = {"model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json"};
  EXPECT_EQ(choose_model_files(shards), shards);
  Files both = shards;
  both.emplace_back("model.safetensors");
  EXPECT_EQ(choose_model_files(both), Files{"model.safetensors"});
  EXPECT_EQ(choose_model_files({"model-fp16.safetensors", "config.json"}), Files{"config.json"});
}

TEST(FindMissingModelFile, OfAPlainEncoder) {
  const TemporaryFolder folder;
  const auto missing = [&] { return find_missing_model_file(folder.path()).value_or("nothing"); };
  EXPECT_EQ(missing(), "config.json");
  folder.write("config.json", "{}");
  EXPECT_EQ(missing(), "tokenizer.json");
  folder.write("vocab.txt", "");
  EXPECT_EQ(missing(), "model.safetensors");
  fs::create_symlink("gone", folder / "model.safetensors");
  EXPECT_EQ(missing(), "model.safetensors");
  fs::remove(folder / "model.safetensors");
  folder.write("model.safetensors", "");
  EXPECT_EQ(missing(), "nothing");
}

TEST(FindMissingModelFile, OfShards) {
  const TemporaryFolder folder;
  const auto missing = [&] { return find_missing_model_file(folder.path()).value_or("nothing"); };
  folder.write("config.json", "{}");
  folder.write("tokenizer.json", "{}");
  folder.write("model.safetensors.index.json", R"({"weight_map":{"a":"one","b":"two","c":7}})");
  EXPECT_EQ(missing(), "one");
  folder.write("one", "");
  EXPECT_EQ(missing(), "two");
  folder.write("two", "");
  EXPECT_EQ(missing(), "nothing");
  folder.write("model.safetensors.index.json", "{");  // the loader reports this
  EXPECT_EQ(missing(), "nothing");
}

TEST(FindMissingModelFile, OfModules) {
  const TemporaryFolder folder;
  const auto missing = [&] { return find_missing_model_file(folder.path()).value_or("nothing"); };
  folder.write("modules.json",
               R"([{"type":"sentence_transformers.models.Transformer","path":"0_Transformer"},
                   {"type":"sentence_transformers.models.Pooling","path":"1_Pooling"},
                   {"type":"sentence_transformers.models.Dense","path":"2_Dense"},
                   {"type":"sentence_transformers.models.Normalize","path":"3_Normalize"}, 7])");
  for (const char* name : {"1_Pooling", "2_Dense", "0_Transformer"}) {
    fs::create_directory(folder / name);
  }
  for (const char* name : {"1_Pooling/config.json",
                           "2_Dense/config.json",
                           "2_Dense/model.safetensors",
                           "0_Transformer/config.json",
                           "0_Transformer/tokenizer.json",
                           "0_Transformer/model.safetensors"}) {
    EXPECT_EQ(missing(), name);
    folder.write(name, "");
  }
  EXPECT_EQ(missing(), "nothing");
}

}  // namespace
}  // namespace fastintent
