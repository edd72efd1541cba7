#include "model/activation_names.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

#include "base/expect_error.h"
#include "compute/random_tensors.h"
#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/model_config.h"

namespace fastintent {
namespace {

JsonDocument config_with(const std::string& activation) {
  return JsonDocument::parse(R"({"hidden_act": )" + activation + "}", "config.json");
}

constexpr const char* kNames[] = {"gelu",
                                  "gelu_python",
                                  "gelu_new",
                                  "gelu_fast",
                                  "gelu_accurate",
                                  "gelu_python_tanh",
                                  "gelu_pytorch_tanh",
                                  "relu",
                                  "silu",
                                  "swish",
                                  "quick_gelu",
                                  "tanh"};

// Each name is the function of transformers, and its backward the derivative. The reference computes
// in double and rounds to f32, as the golden values were: they differ by a unit in the last place.
TEST(ActivationNames, AreTheFunctionsOfTransformers) {
  const GoldenCase golden("activations");
  const std::vector<float> inputs = golden.values("inputs");
  const auto count = static_cast<int64_t>(inputs.size());
  const auto reference = create_backend(Device::reference);
  Matrix one(1, 1, 1);
  const auto weight = reference->prepare_weight(one.tensor(), Precision::fp32, WeightUse::training);
  Matrix in(count, 1);
  in.values = inputs;
  for (const std::string name : kNames) {
    const Activation activation = activation_of(config_with('"' + name + '"'), "hidden_act");
    Matrix out(count, 1);
    Matrix pre_activation(count, 1);
    reference->linear(in.tensor(), *weight, {}, activation, out.tensor(), pre_activation.tensor());
    Matrix d_out(count, 1, 1);
    Matrix d_in(count, 1);
    Matrix d_weight(1, 1);
    reference->linear_backward(
        in.tensor(),
        *weight,
        activation,
        pre_activation.tensor(),
        d_out.tensor(),
        {d_in.tensor(), Write::overwrite, d_weight.tensor(), {}, Write::overwrite});
    const std::vector<float> values = golden.values("values." + name);
    const std::vector<float> slopes = golden.values("slopes." + name);
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_NEAR(out.values[i], values[i], 1e-7 * std::abs(values[i]) + 1e-9)
          << name << " of " << inputs[i];
      EXPECT_NEAR(d_in.values[i], slopes[i], 1e-7 * std::abs(slopes[i]) + 1e-9)
          << "slope of " << name << " at " << inputs[i];
    }
  }
}

TEST(ActivationNames, AreGeluWhereAFolderNamesNone) {
  EXPECT_EQ(activation_of(config_with("null"), "hidden_act"), Activation::gelu);
  EXPECT_EQ(activation_of(config_with("null"), "activation"), Activation::gelu);
}

TEST(ActivationNames, RefusesOthersWithTheListOfTheKnownOnes) {
  for (const std::string unknown : {"mish", "gelu_10", "GELU", ""}) {
    for (const char* known : kNames) {
      const auto read = [&] { activation_of(config_with('"' + unknown + '"'), "hidden_act"); };
      expect_error(ErrorCode::bad_checkpoint, '"' + std::string(known) + '"', read);
      expect_error(ErrorCode::bad_checkpoint, "found \"" + unknown + '"', read);
    }
  }
}

TEST(ActivationNames, AreReadByEachFamily) {
  for (const auto& [folder, key] :
       {std::pair("bert_pooler", "hidden_act"), std::pair("distilbert", "activation")}) {
    nlohmann::json config = JsonDocument::read(GoldenCase(folder).model() / "config.json").value();
    config[key] = "silu";
    const EncoderConfig encoder =
        read_encoder_config(JsonDocument::parse(config.dump(), "config.json"));
    EXPECT_EQ(encoder.layer.activation, Activation::silu) << folder;
  }
}

}  // namespace
}  // namespace fastintent
