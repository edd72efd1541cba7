#include <gtest/gtest.h>

#include "compute/devices_under_test.h"
#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/classifier_head.h"
#include "model/encoder.h"
#include "model/load_weights.h"

namespace fastintent {
namespace {

// f32 against values computed in f64: a layer's sums run over at most 1536 products, each layer
// adds an error of a few units in the last place, the wide weights of the golden models stretch it.
constexpr double kHiddenTolerance = 2e-5;
constexpr double kLogitsTolerance = 1e-4;  // promised for the comparison with transformers

struct ForwardResult {
  std::vector<std::vector<float>> hidden;  // the first layer's input, then each layer
  int64_t last_rows = 0;
  std::vector<float> logits;
};

ForwardResult run_forward(const ModelFolder& folder,
                          const ModelConfig& config,
                          Device device,
                          const PackedBatch& batch,
                          const std::function<void(const HeadWeights&)>& set_head = {}) {
  const auto backend = create_backend(device);
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  if (set_head) {
    load_base_weights(folder, config, weights.weights, 1);
    set_head(weights.weights.head);
  } else {
    load_trained_weights(folder, config, weights.weights);
  }
  const PreparedModel model =
      prepare_model(*backend, config, weights.weights, Precision::fp32, WeightUse::inference);
  Activations act(*backend, config, Keep::everything);
  act.prepare(batch.tokens(), batch.sequences());
  const Pass pass{*backend, batch, {}};
  const Tensor hidden = encoder_forward(pass, model, act);
  const Tensor logits = head_forward(pass, model, hidden, act);

  const auto copy = [&](Tensor tensor) {
    std::vector<float> values(static_cast<size_t>(tensor.size()));
    backend->download(tensor, Tensor(values.data(), tensor.rows, tensor.columns));
    return values;
  };
  ForwardResult result;
  result.hidden.push_back(copy(act.input));
  // transformers' layers end before the norm that the next one begins with.
  for (const LayerActivations& layer : act.layers) {
    result.hidden.push_back(copy(&layer == &act.layers.back() ? layer.out : layer.sum));
  }
  result.last_rows = hidden.rows;
  result.logits = copy(logits);
  return result;
}

class GoldenForward : public testing::TestWithParam<std::tuple<std::string, Device>> {};

TEST_P(GoldenForward, GivesTheActivationsAndLogitsOfTransformers) {
  const auto& [name, device] = GetParam();
  const GoldenCase golden(name);
  const ModelFolder folder(golden.model());
  ASSERT_TRUE(folder.has_trained_head());
  const PackedBatch batch = golden.batch(folder.config().encoder);
  const ForwardResult found = run_forward(folder, folder.config(), device, batch);

  const size_t layers = found.hidden.size() - 1;
  for (size_t layer = 0; layer <= layers; ++layer) {
    std::vector<float> expected = golden.values("hidden." + std::to_string(layer));
    const bool first_rows = layer == layers && found.last_rows != batch.tokens();
    if (first_rows) {  // only these continue
      const auto H = static_cast<size_t>(folder.config().encoder.hidden);
      std::vector<float> rows;
      for (int64_t s = 0; s < batch.sequences(); ++s) {
        const auto row = expected.begin() +
                         static_cast<std::ptrdiff_t>(static_cast<size_t>(batch.starts[s]) * H);
        rows.insert(rows.end(), row, row + static_cast<std::ptrdiff_t>(H));
      }
      expected = rows;
    }
    EXPECT_LT(largest_difference(found.hidden[layer], expected), kHiddenTolerance)
        << "hidden." << layer;
  }
  EXPECT_LT(largest_difference(found.logits, golden.values("logits")), kLogitsTolerance);
}

INSTANTIATE_TEST_SUITE_P(AllHeads,
                         GoldenForward,
                         testing::Combine(testing::ValuesIn(trained_models()),
                                          testing::ValuesIn(devices_and_reference())),
                         [](const auto& test) {
                           return std::get<0>(test.param) + "_" +
                                  device_word(std::get<1>(test.param));
                         });

class GoldenPadding : public testing::TestWithParam<std::tuple<std::string, Device>> {};

TEST_P(GoldenPadding, HasThePositionInATextThatItHasInTransformers) {
  const auto& [name, device] = GetParam();
  const GoldenCase golden(name);
  const ModelFolder folder(golden.model());
  PackedBatch batch(folder.config().encoder.padding_id);
  batch.append(golden.integers("spelled_padding.ids"));
  const ForwardResult found = run_forward(folder, folder.config(), device, batch);
  EXPECT_LT(largest_difference(found.logits, golden.values("spelled_padding.logits")),
            kLogitsTolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    GoldenPadding,
    testing::Combine(testing::Values("roberta", "xlm_roberta", "camembert", "mpnet"),
                     testing::ValuesIn(devices_and_reference())),
    [](const auto& test) {
      return std::get<0>(test.param) + "_" + device_word(std::get<1>(test.param));
    });

TEST(GoldenMiniLm, GivesTheActivationsAndLogitsOfTransformers) {
  const auto base = base_model_folder();
  if (!base) {
    GTEST_SKIP() << "FASTINTENT_BASE_MODEL does not name a folder of all-MiniLM-L6-v2";
  }
  const GoldenCase golden("minilm");
  const ModelFolder folder(*base);
  ModelConfig config = folder.config();
  config.intents = {"a", "b", "c", "d", "e"};
  const PackedBatch batch = golden.batch(config.encoder);
  const ForwardResult found = run_forward(folder, config, Device::cpu, batch, set_minilm_head);

  constexpr size_t kStep = 8;  // the golden file keeps every eighth column
  for (size_t layer = 0; layer < found.hidden.size(); ++layer) {
    std::vector<float> columns;
    for (size_t i = 0; i < found.hidden[layer].size(); i += kStep) {
      columns.push_back(found.hidden[layer][i]);
    }
    EXPECT_LT(largest_difference(columns, golden.values("hidden." + std::to_string(layer))),
              kHiddenTolerance)
        << "hidden." << layer;
  }
  EXPECT_LT(largest_difference(found.logits, golden.values("logits")), kLogitsTolerance);
}

}  // namespace
}  // namespace fastintent
