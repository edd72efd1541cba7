#include "model/model_folder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/expect_error.h"
#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/copied_model.h"
#include "model/families/families.h"
#include "model/load_weights.h"
#include "model/save_model.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

std::vector<float> load_all(const fs::path& path) {
  const ModelFolder folder(path);
  const auto backend = create_backend(Device::reference);
  const OwnedWeights weights =
      allocate_weights(*backend, folder.config(), folder.config().encoder.vocabulary);
  load_trained_weights(folder, folder.config(), weights.weights);
  const auto flat = static_cast<size_t>(flat_parameter_count(folder.config()));
  std::vector<float> all(weights.flat.data(), weights.flat.data() + flat);
  const std::span<float> word = weights.weights.encoder.word.flat();
  all.insert(all.end(), word.begin(), word.end());
  return all;
}

std::string replace(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(ModelFolder, ReadsTheHubsVariationsAsTheSameWeights) {
  const std::vector<float> expected = load_all(GoldenCase("bert_pooler").model());
  const CopiedModel model("bert_pooler");
  model.rename_tensors([](const std::string& name) { return replace(name, "bert.", ""); });
  EXPECT_EQ(load_all(model.path()), expected) << "without prefix";
  model.rename_tensors([](const std::string& name) {
    return replace(
        replace(name, "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias", "LayerNorm.beta");
  });
  EXPECT_EQ(load_all(model.path()), expected) << "gamma and beta";
}

TEST(ModelFolder, NamesTheTensorThatATrainedFolderLacks) {
  for (const char* lost : {"bert.pooler.dense.bias", "bert.encoder.layer.1.output.dense.weight"}) {
    const CopiedModel model("bert_pooler");
    model.rename_tensors([&](const std::string& name) { return name == lost ? "" : name; });
    const std::string without_prefix = std::string(lost).substr(5);
    expect_error(ErrorCode::bad_checkpoint, without_prefix, [&] { load_all(model.path()); });
  }
}

TEST(ModelFolder, RefusesLabelsOfAnotherCountThanTheClassifierHas) {
  for (const char* name : {"bert_pooler", "bert_mean"}) {
    const CopiedModel model(name);
    model.edit_json("config.json", [](nlohmann::json& config) { config["id2label"].erase("4"); });
    expect_error(ErrorCode::bad_checkpoint, "found 4 labels", [&] {
      ModelFolder(model.path()).require_classifier();
    });
  }
}

TEST(ModelFolder, RefusesWhatItDoesNotSupport) {
  const auto refuses = [](const char* file, const char* part, const auto& edit) {
    const CopiedModel model("bert_mean");
    model.edit_json(file, edit);
    expect_error(ErrorCode::bad_checkpoint, part, [&] { ModelFolder folder(model.path()); });
  };
  using nlohmann::json;
  const std::string families = "expected " + known_families() + ", found \"gpt2\"";
  refuses("config.json", families.c_str(), [](json& c) { c["model_type"] = "gpt2"; });
  refuses("config.json", "hidden_act", [](json& c) { c["hidden_act"] = "mish"; });
  refuses("config.json", "num_attention_heads", [](json& c) { c["num_attention_heads"] = 0; });
  refuses("config.json", "multiple of the 5", [](json& c) { c["num_attention_heads"] = 5; });
  refuses("config.json", "num_hidden_layers", [](json& c) { c["num_hidden_layers"] = -1; });
  refuses("config.json", "vocab_size", [](json& c) { c["vocab_size"] = 1e15; });
  refuses("modules.json", "within the folder", [](json& m) { m[1]["path"] = "../1_Pooling"; });
  refuses("modules.json", "found LayerNorm", [](json& m) {
    m[1]["type"] = "sentence_transformers.models.LayerNorm";
  });
  refuses("modules.json", "found x.Pooling", [](json& m) { m[1]["type"] = "x.Pooling"; });
  refuses("modules.json", "array of modules", [](json& m) { m = json::object(); });
  refuses("2_Dense/config.json", "Identity", [](json& d) {
    d["activation_function"] = "torch.nn.Tanh";
  });
  refuses("1_Pooling/config.json", "found max", [](json& p) { p["pooling_mode"] = "max"; });
}

TEST(ModelFolder, RefusesTextsLongerThanItsPositions) {
  const ModelFolder folder(GoldenCase("bert_mean").model());
  const int longest = static_cast<int>(folder.config().encoder.max_tokens());
  folder.require_length(longest);
  expect_error(
      ErrorCode::invalid_argument, "maximum length", [&] { folder.require_length(longest + 1); });
}

TEST(ModelFolder, StartsAHeadOnlyWhereTrainingStarts) {
  const ModelFolder folder(GoldenCase("sentence_base").model());
  EXPECT_FALSE(folder.has_trained_head());
  ModelConfig config = folder.config();
  EXPECT_EQ(config.head, HeadKind::mean);
  config.intents = {"a", "b", "c"};
  const auto backend = create_backend(Device::reference);
  const OwnedWeights weights = allocate_weights(*backend, config, config.encoder.vocabulary);
  const auto initialised = load_base_weights(folder, config, weights.weights, 7);
  EXPECT_EQ(initialised, (std::vector<std::string>{"linear.weight", "linear.bias"}));
  expect_error(ErrorCode::bad_checkpoint, "linear.weight", [&] {
    load_trained_weights(folder, config, weights.weights);
  });
}

// Saves the model of `folder` with its weights in 32 bits.
void save_again(const ModelFolder& folder, const std::filesystem::path& out) {
  const OwnedWeights weights =
      allocate_host_weights(folder.config(), folder.config().encoder.vocabulary);
  load_trained_weights(folder, folder.config(), weights.weights);
  const ModelFiles files = compose_model_files(folder, folder.config(), 48);
  save_model(out, files, folder.config(), weights.weights, {});
}

// Other programs must find the name that they know.
TEST(ModelFolder, KeepsTheNameOfTheActivation) {
  const CopiedModel model("bert_pooler");
  for (const char* name : {"gelu_python", "gelu_new", "swish"}) {
    model.edit_json("config.json", [&](nlohmann::json& config) { config["hidden_act"] = name; });
    const ModelFolder folder(model.path());
    const TemporaryFolder out;
    save_again(folder, out.path());
    const ModelFolder saved(out.path());
    EXPECT_EQ(saved.config_json().text("hidden_act"), name);
    EXPECT_EQ(saved.config().encoder.layer, folder.config().encoder.layer);
  }
}

class SavedModel : public testing::TestWithParam<std::string> {};

TEST_P(SavedModel, ComesBackAsItWas) {
  const GoldenCase golden(GetParam());
  const ModelFolder folder(golden.model());
  const auto backend = create_backend(Device::reference);
  const OwnedWeights weights =
      allocate_weights(*backend, folder.config(), folder.config().encoder.vocabulary);
  load_trained_weights(folder, folder.config(), weights.weights);
  const TemporaryFolder out;
  const ModelFiles files = compose_model_files(folder, folder.config(), 48);
  save_model(out.path(), files, folder.config(), weights.weights, {0.7, 0.62});

  const ModelFolder saved(out.path());
  EXPECT_EQ(saved.config().head, folder.config().head);
  EXPECT_EQ(saved.config().intents, folder.config().intents);
  EXPECT_EQ(saved.calibration().temperature, 0.7);
  EXPECT_EQ(saved.calibration().review_threshold, 0.62);
  EXPECT_EQ(load_all(out.path()), load_all(golden.model()));
}

// Tensors written by transformers are written again with the same names, shapes and bytes.
TEST_P(SavedModel, HasTheTensorsOfTheOriginal) {
  const ModelFolder folder(GoldenCase(GetParam()).model());
  const TemporaryFolder out;
  save_again(folder, out.path());

  const ModelFolder saved(out.path());
  for (const auto& [name, stored] : folder.encoder_tensors()) {
    const auto found = saved.encoder_tensors().find(name);
    ASSERT_NE(found, saved.encoder_tensors().end()) << name;
    EXPECT_EQ(found->second.shape, stored.shape) << name;
    EXPECT_EQ(read_bytes(found->second), read_bytes(stored)) << name;
  }
  EXPECT_EQ(saved.encoder_tensors().size(), folder.encoder_tensors().size());
}

INSTANTIATE_TEST_SUITE_P(AllHeads, SavedModel, testing::ValuesIn(trained_models()));

}  // namespace
}  // namespace fastintent
