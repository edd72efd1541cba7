// The rules of model folders, against the labels and logits of transformers and
// sentence-transformers (make_folder_rules.py), and the folders that are refused.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "devices/create_backend.h"
#include "fastintent/tokenizer.h"
#include "golden_case.h"
#include "model/classifier_head.h"
#include "model/copied_model.h"
#include "model/encoder.h"
#include "model/load_weights.h"
#include "model/save_model.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Promised for the comparison with transformers.
constexpr double kLogitsTolerance = 1e-4;

std::vector<float> logits_of(const fs::path& path, const std::string& text) {
  const ModelFolder folder(path);
  folder.require_classifier();
  const ModelConfig& config = folder.config();
  const auto backend = create_backend(Device::reference);
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  load_trained_weights(folder, config, weights.weights);
  const PreparedModel model =
      prepare_model(*backend, config, weights.weights, Precision::fp32, WeightUse::inference);
  PackedBatch batch(config.encoder.padding_id);
  batch.append(Tokenizer(path).encode(text).ids);
  Activations act(*backend, config, Keep::everything);
  act.prepare(batch.tokens(), batch.sequences());
  const Pass pass{*backend, batch, {}};
  const Tensor logits = head_forward(pass, model, encoder_forward(pass, model, act), act);
  std::vector<float> values(static_cast<size_t>(logits.size()));
  backend->download(logits, Tensor(values.data(), logits.rows, logits.columns));
  return values;
}

void apply(const CopiedModel& model, const json& edits) {
  for (const json& edit : edits) {
    model.edit_json(edit.at("file"), [&](json& document) {
      for (const json& key : edit.at("drop")) {
        document.erase(key.get<std::string>());
      }
      document.update(edit.at("set"));
    });
  }
}

// Saves the folder's model as a training would, and returns the saved one's logits.
std::vector<float> logits_of_saved(const fs::path& path, const std::string& text) {
  const TemporaryFolder out;
  const ModelFolder folder(path);
  const ModelConfig& config = folder.config();
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  load_trained_weights(folder, config, weights.weights);
  const ModelFiles files = compose_model_files(folder, config, Tokenizer(path).max_length());
  save_model(out.path(), files, config, weights.weights, {});
  EXPECT_EQ(ModelFolder(out.path()).config().intents, config.intents);
  return logits_of(out.path(), text);
}

TEST(FolderRules, GiveTheLabelsAndLogitsOfThePythonLibraries) {
  std::ifstream lines("tests/model/data/folder_rules.jsonl");
  std::string line;
  std::getline(lines, line);
  const std::string text = json::parse(line).at("text");
  int rows = 0;
  for (; std::getline(lines, line); ++rows) {
    const json row = json::parse(line);
    SCOPED_TRACE(row.at("name").get<std::string>());
    try {
      const CopiedModel model(row.at("model"));
      apply(model, row.at("edits"));
      EXPECT_EQ(json(ModelFolder(model.path()).config().intents), row.at("labels"));
      const std::vector<float> expected = row.at("logits");
      EXPECT_LT(largest_difference(logits_of(model.path(), text), expected), kLogitsTolerance);
      EXPECT_LT(largest_difference(logits_of_saved(model.path(), text), expected), kLogitsTolerance)
          << "saved";
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GE(rows, 45);
}

// A setting that the encoder or the texts would need is refused, as a model and as a base.
TEST(FolderRules, SettingsThatAreNotFollowedAreRefusedByName) {
  const auto refuses = [](const char* name, const char* file, const char* part, json values) {
    const CopiedModel model(name);
    model.edit_json(file, [&](json& document) { document.update(values); });
    expect_error(ErrorCode::bad_checkpoint, part, [&] { ModelFolder folder(model.path()); });
  };
  refuses("bert_pooler", "config.json", "is_decoder", {{"is_decoder", true}});
  refuses("bert_pooler", "config.json", "add_cross_attention", {{"add_cross_attention", true}});
  refuses("bert_pooler", "config.json", "pruned_heads", {{"pruned_heads", {{"0", {1}}}}});
  refuses("distilbert", "config.json", "pruned_heads", {{"pruned_heads", {{"0", {1}}}}});
  refuses(
      "bert_pooler", "config.json", "relative_key", {{"position_embedding_type", "relative_key"}});
  refuses("bert_pooler",
          "config.json",
          "quantization_config",
          {{"quantization_config", {{"quant_method", "gptq"}}}});
  refuses(
      "bert_mean", "1_Pooling/config.json", "cls and mean", {{"pooling_mode", {"cls", "mean"}}});
  refuses("bert_mean", "1_Pooling/config.json", "weightedmean", {{"pooling_mode", "weightedmean"}});
  refuses("bert_mean", "2_Dense/config.json", "Tanh", {{"activation_function", nullptr}});
  refuses("bert_mean", "2_Dense/config.json", "Identity", {{"activation_function", "Identity"}});
  refuses("bert_mean", "2_Dense/config.json", "use_residual", {{"use_residual", true}});
  refuses("bert_mean", "2_Dense/config.json", "module_output_name", {{"module_output_name", "x"}});
  const CopiedModel model("bert_mean");
  model.edit_json("config_sentence_transformers.json", [](json& document) {
    document.update({{"prompts", {{"q", "my "}}}, {"default_prompt_name", "q"}});
  });
  model.edit_json("1_Pooling/config.json",
                  [](json& document) { document["include_prompt"] = false; });
  expect_error(
      ErrorCode::bad_checkpoint, "include_prompt", [&] { ModelFolder folder(model.path()); });
}

// Another head than a classifier of texts: no model, but a base.
TEST(FolderRules, OtherHeadsAreRefusedAsModelsAndDroppedFromBases) {
  const auto drops = [](const char* name, const char* part, json values) {
    const CopiedModel model(name);
    model.edit_json("config.json", [&](json& document) { document.update(values); });
    const ModelFolder folder(model.path());
    EXPECT_FALSE(folder.has_trained_head()) << part;
    expect_error(ErrorCode::bad_checkpoint, part, [&] { folder.require_classifier(); });
    ModelConfig config = folder.config();
    config.intents = {"x", "y", "z"};
    const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
    load_base_weights(folder, config, weights.weights, 1);
    const TemporaryFolder out;
    save_model(out.path(), compose_model_files(folder, config, 32), config, weights.weights, {});
    EXPECT_EQ(ModelFolder(out.path()).config().intents, config.intents);
    EXPECT_TRUE(ModelFolder(out.path()).has_trained_head());
  };
  for (const char* other : {"BertForTokenClassification",
                            "BertForQuestionAnswering",
                            "BertForMaskedLM",
                            "BertForMultipleChoice",
                            "BertForNextSentencePrediction",
                            "JointBert"}) {
    drops("bert_pooler", other, {{"architectures", {other}}});
  }
  drops("distilbert",
        "DistilBertForTokenClassification",
        {{"architectures", {"DistilBertForTokenClassification"}}});
  drops("bert_pooler", "regression", {{"problem_type", "regression"}});
  drops("bert_pooler",
        "multi_label_classification",
        {{"problem_type", "multi_label_classification"}});
  for (const char* name : {"bert_pooler", "bert_mean"}) {
    drops(name, "at least two labels", {{"id2label", {{"0", "a"}}}});
    drops(name,
          "the ids 0 to 4",
          {{"id2label", json::parse(R"({"1":"a","2":"b","3":"c","4":"d","5":"e"})")}});
    drops(name, "the ids 0 to 1", {{"id2label", json::parse(R"({"0":"a","00":"b"})")}});
    drops(name,
          "\"a\" twice",
          {{"id2label", json::parse(R"({"0":"a","1":"a","2":"c","3":"d","4":"e"})")}});
    drops(name,
          "with a text or a whole number",
          {{"id2label", json::parse(R"({"0":null,"1":"b"})")}});
    drops(name, "'id2label'", {{"id2label", {"a", "b", "c", "d", "e"}}});
    drops(name, "'num_labels'", {{"num_labels", "five"}, {"id2label", nullptr}});
    drops(name, "found 2 labels", {{"num_labels", nullptr}, {"id2label", nullptr}});
  }
}

// A prompt before every text is a rule that a folder of transformers cannot state.
TEST(FolderRules, APromptNeedsAFolderOfSentenceTransformers) {
  const CopiedModel model("bert_mean");
  ModelFolder(model.path()).require_plain_texts("train");
  model.edit_json("config_sentence_transformers.json", [](json& document) {
    document.update({{"prompts", {{"q", "my "}}}, {"default_prompt_name", "q"}});
  });
  expect_error(ErrorCode::invalid_argument, "prompt", [&] {
    ModelFolder(model.path()).require_plain_texts("train");
  });
}

// A configuration that overrules tokenizer.json is saved so that both say the same.
TEST(FolderRules, SavedTokenizersAgreeWithTheirConfiguration) {
  const CopiedModel model("bert_pooler");
  model.edit_json("tokenizer_config.json", [](json& document) {
    document.update({{"do_lower_case", false}, {"strip_accents", true}});
  });
  const TemporaryFolder out;
  const ModelFolder folder(model.path());
  const OwnedWeights weights =
      allocate_host_weights(folder.config(), folder.config().encoder.vocabulary);
  const ModelFiles files = compose_model_files(folder, folder.config(), 32);
  save_model(out.path(), files, folder.config(), weights.weights, {});
  const json saved = json::parse(std::ifstream(out / "tokenizer.json"));
  EXPECT_EQ(saved.at("normalizer").at("lowercase"), false);
  EXPECT_EQ(saved.at("normalizer").at("strip_accents"), true);
  const json original = json::parse(std::ifstream(model.path() / "tokenizer.json"));
  EXPECT_EQ(saved.at("model"), original.at("model"));
  const json config = json::parse(std::ifstream(out / "tokenizer_config.json"));
  EXPECT_EQ(config.at("do_lower_case"), false);
  EXPECT_EQ(config.at("strip_accents"), true);
}

TEST(WhatAFolderIs, IsSaidWithTheWayOut) {
  const auto finds = [](const char* part, const auto& change) {
    const CopiedModel model("bert_pooler");
    change(model.path());
    expect_error(
        ErrorCode::bad_checkpoint, part, [&] { ModelFolder(model.path()).require_classifier(); });
  };
  const auto instead_of_weights = [&](const char* file, const char* part) {
    finds(part, [&](const fs::path& folder) {
      fs::create_directories((folder / file).parent_path());
      fs::rename(folder / "model.safetensors", folder / file);
    });
  };
  instead_of_weights("pytorch_model.bin", "save_pretrained");
  instead_of_weights("pytorch_model-00001-of-00002.bin", "only pytorch_model-00001-of-00002.bin");
  instead_of_weights("tf_model.h5", "TensorFlow");
  instead_of_weights("flax_model.msgpack", "Flax");
  instead_of_weights("onnx/model.onnx", "onnx/model.onnx");
  instead_of_weights("openvino_model.xml", "OpenVINO");
  instead_of_weights("model-q4.gguf", "GGUF");
  instead_of_weights("adapter_model.safetensors", "merge_and_unload");
  instead_of_weights("checkpoint-500/model.safetensors", "such as checkpoint-500");
  finds("merge_and_unload",
        [](const fs::path& folder) { std::ofstream(folder / "adapter_config.json") << "{}"; });
  finds("an empty folder", [](const fs::path& folder) {
    fs::remove_all(folder);
    fs::create_directory(folder);
  });
  finds("such as inner", [](const fs::path& folder) {
    const fs::path outside = folder.string() + "-outside";
    fs::rename(folder, outside);
    fs::create_directory(folder);
    fs::rename(outside, folder / "inner");
  });
  finds("snapshots", [](const fs::path& folder) {
    const fs::path outside = folder.string() + "-outside";
    fs::rename(folder, outside);
    fs::create_directories(folder / "snapshots");
    fs::rename(outside, folder / "snapshots" / "0123");
  });
  for (const char* file : {"config.json", "model.safetensors"}) {
    finds("Git LFS pointer", [&](const fs::path& folder) {
      std::ofstream(folder / file) << "version https://git-lfs.github.com/spec/v1\noid sha256:7\n";
    });
  }
}

TEST(WhatAFolderIs, AModuleMayHavePickledWeights) {
  const CopiedModel model("bert_mean");
  const fs::path dense = model.path() / "2_Dense";
  fs::rename(dense / "model.safetensors", dense / "pytorch_model.bin");
  expect_error(ErrorCode::bad_checkpoint, "only pytorch_model.bin", [&] {
    ModelFolder folder(model.path());
  });
}

TEST(WhatAFolderIs, AFileIsNamed) {
  const CopiedModel model("bert_pooler");
  expect_error(ErrorCode::missing_input, "found a file", [&] {
    ModelFolder folder(model.path() / "model.safetensors");
  });
}

TEST(WhatAFolderIs, AModelOfSetFitIsABase) {
  for (const char* file : {"model_head.pkl", "config_setfit.json"}) {
    const CopiedModel model("sentence_base");
    std::ofstream(model.path() / file) << "{}";
    const ModelFolder folder(model.path());
    expect_error(ErrorCode::bad_checkpoint, "SetFit", [&] { folder.require_classifier(); });
  }
}

TEST(WhatAFolderIs, APrefixOfAllNamesIsNamed) {
  const std::pair<std::string, std::string> ways_out[] = {{"module.", "model.module.save"},
                                                          {"_orig_mod.", "model._orig_mod.save"},
                                                          {"model.bert.", "Save the model itself"}};
  for (const auto& [prefix, way_out] : ways_out) {
    const CopiedModel model("bert_pooler");
    model.rename_tensors([&, &first = prefix](const std::string& name) { return first + name; });
    const auto open = [&] { ModelFolder folder(model.path()); };
    expect_error(ErrorCode::bad_checkpoint, "begin with \"" + prefix + "\"", open);
    expect_error(ErrorCode::bad_checkpoint, way_out, open);
  }
}

// transformers reads the one that comes first in the file.
TEST(WhatAFolderIs, ATensorUnderTwoNamesIsRefused) {
  const CopiedModel model("bert_pooler");
  model.rename_tensors([&](const std::string& name) {
    return name == "bert.pooler.dense.weight" ? "embeddings.word_embeddings.weight" : name;
  });
  expect_error(ErrorCode::bad_checkpoint,
               "both embeddings.word_embeddings.weight and bert.embeddings.word_embeddings.weight",
               [&] { ModelFolder folder(model.path()); });
}

}  // namespace
}  // namespace fastintent
