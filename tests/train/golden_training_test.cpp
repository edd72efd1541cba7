#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "combinations.h"
#include "compute/devices_under_test.h"
#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/family.h"
#include "model/load_weights.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"

namespace fastintent {
namespace {

// One step's gradients: f32 sums in another order than the f64 oracle's, through two layers and
// back.
constexpr double kGradientTolerance = 2e-5;
// A gradient that is zero but for rounding (every key bias: softmax ignores a shift) is measured
// against this share of the norm of all gradients.
constexpr double kZeroShare = 1e-2;
// bf16 keeps 8 bits of each factor: 2^-9 relative error a product, and errors of neighbouring
// layers add.
constexpr double kBf16GradientTolerance = 0.05;
// Ten updates let rounding grow: AdamW divides by the size of tiny gradients.
constexpr double kLossesTolerance = 2e-3;

EncodedDataset dataset_of(const GoldenCase& golden) {
  EncodedDataset data;
  for (const auto& sequence : golden.sequences()) {
    data.ids.insert(data.ids.end(), sequence.begin(), sequence.end());
    data.starts.push_back(static_cast<int64_t>(data.ids.size()));
  }
  data.classes = golden.integers("labels");
  return data;
}

std::vector<int64_t> all_examples(const EncodedDataset& data) {
  std::vector<int64_t> examples(static_cast<size_t>(data.examples()));
  std::iota(examples.begin(), examples.end(), 0);
  return examples;
}

// A golden model ready to train on a number of workers.
class Training {
 public:
  Training(const GoldenCase& golden, Device device, int workers, Precision precision)
      : folder_(golden.model()),
        pool_(workers),
        workers_(pool_, [device] { return create_backend(device); }, folder_.config()) {
    const ModelConfig& config = folder_.config();
    weights_ = allocate_weights(workers_.backend(0), config, config.encoder.vocabulary);
    const HostWeights host(workers_.backend(0), weights_, config);
    load_trained_weights(folder_, config, host.get());
    host.write();
    workers_.backend(0).synchronize();
    model_ = prepare_model(
        workers_.backend(0), config, weights_.weights, precision, WeightUse::training);
  }

  StepGradient gradient(const EncodedDataset& data,
                        float smoothing = 0,
                        std::span<const float> class_weights = {}) {
    return workers_.run(model_, data, all_examples(data), {smoothing, class_weights}, {});
  }

  // The last gradient under Hugging Face names, the word table's rows in their places.
  std::map<std::string, std::vector<float>> named_gradients() {
    const ModelConfig& config = folder_.config();
    std::map<std::string, std::vector<float>> named;
    auto tensors = name_encoder_tensors(workers_.gradients().encoder, config.encoder);
    const auto head = name_head_tensors(workers_.gradients().head, config);
    tensors.insert(tensors.end(), head.begin(), head.end());
    for (const NamedTensor& tensor : tensors) {
      named[tensor.name] = download(tensor.tensor);
    }
    const auto E = static_cast<size_t>(config.encoder.embedding_width());
    std::vector<float> words(static_cast<size_t>(config.encoder.vocabulary) * E);
    const std::vector<float> rows = download(workers_.word_gradient());
    for (size_t slot = 0; slot < workers_.word_rows().size(); ++slot) {
      const auto row = rows.begin() + static_cast<std::ptrdiff_t>(slot * E);
      std::copy(row,
                row + static_cast<std::ptrdiff_t>(E),
                words.begin() + static_cast<std::ptrdiff_t>(
                                    static_cast<size_t>(workers_.word_rows()[slot]) * E));
    }
    named[std::string(config.encoder.family->encoder.word)] = words;
    return named;
  }

  std::vector<float> download(ConstTensor tensor) {
    std::vector<float> values(static_cast<size_t>(tensor.size()));
    workers_.backend(0).download(tensor, Tensor(values.data(), tensor.rows, tensor.columns));
    return values;
  }

  ThreadPool& pool() { return pool_; }
  GradientWorkers& workers() { return workers_; }
  const OwnedWeights& weights() const { return weights_; }
  const PreparedModel& model() const { return model_; }
  const ModelFolder& folder() const { return folder_; }

 private:
  ModelFolder folder_;
  ThreadPool pool_;
  GradientWorkers workers_;
  OwnedWeights weights_;
  PreparedModel model_;
};

// "gradient.bert.pooler.dense.weight" for our "pooler.dense.weight".
std::string golden_name(const GoldenCase& golden, const std::string& name) {
  for (const char* prefix : {"gradient.",
                             "gradient.bert.",
                             "gradient.distilbert.",
                             "gradient.roberta.",
                             "gradient.mpnet.",
                             "gradient.electra.",
                             "gradient.model."}) {
    if (golden.has(prefix + name)) {
      return prefix + name;
    }
  }
  return "";
}

class GoldenTraining : public testing::TestWithParam<std::tuple<std::string, Device, int>> {
 protected:
  const GoldenCase golden_{std::get<0>(GetParam())};
  const EncodedDataset data_ = dataset_of(golden_);

  Training training(Precision precision = Precision::fp32) const {
    return {golden_, std::get<1>(GetParam()), std::get<2>(GetParam()), precision};
  }
  void expect_gradients(Training& found, double tolerance) const {
    const double zero = kZeroShare * golden_.values("gradient_norm")[0];
    size_t compared = 0;
    for (const auto& [name, values] : found.named_gradients()) {
      const std::string expected = golden_name(golden_, name);
      ASSERT_NE(expected, "") << name;
      EXPECT_LT(relative_distance(values, golden_.values(expected), zero), tolerance) << name;
      ++compared;
    }
    EXPECT_GT(compared, 25U);  // every tensor of embeddings, layers and a head
  }
};

TEST_P(GoldenTraining, GivesEveryGradientOfTransformers) {
  Training found = training();
  const StepGradient step = found.gradient(data_);
  EXPECT_NEAR(step.loss, golden_.values("loss")[0], 1e-5);
  EXPECT_NEAR(step.norm / golden_.values("gradient_norm")[0], 1, 1e-5);
  expect_gradients(found, kGradientTolerance);
}

TEST_P(GoldenTraining, GivesGradientsCloseToThemInBf16) {
  Training found = training(Precision::bf16);
  const StepGradient step = found.gradient(data_);
  EXPECT_NEAR(step.loss, golden_.values("loss")[0], 0.05);
  expect_gradients(found, kBf16GradientTolerance);
}

TEST_P(GoldenTraining, SmoothsLabelsAndWeighsClassesAsTorchDoes) {
  Training found = training();
  const StepGradient step = found.gradient(data_, 0.1F, golden_.values("class_weights"));
  EXPECT_NEAR(step.loss, golden_.values("loss_smoothed")[0], 1e-5);
}

TEST_P(GoldenTraining, LearnsAsTorchDoesOverTenSteps) {
  Training found = training();
  FitSettings settings;  // as scripts/make_golden.py
  settings.learning_rate = 3e-3;
  settings.head_learning_rate = 3e-3;
  settings.weight_decay = 0.01;
  settings.gradient_clip = 1;
  Optimizer optimizer(found.pool(), found.workers(), settings, found.weights(), found.model());
  std::vector<float> losses;
  for (int64_t step = 1; step <= 10; ++step) {
    const StepGradient gradient = found.gradient(data_);
    losses.push_back(static_cast<float>(gradient.loss));
    optimizer.step(step, 1.0, gradient.norm);
  }
  EXPECT_LT(largest_difference(losses, golden_.values("losses")), kLossesTolerance);
}

// Whether training of a model runs where not every combination does: each model with one worker or with several, and on
// the emulated GPU, or where that is requested, one model of each kind of layers.
bool is_in_sample(size_t model, Device device, int workers) {
  const std::vector<std::string> kinds = kinds_of_trained_models();
  if ((device == Device::cuda || one_model_of_each_kind()) &&
      std::ranges::find(kinds, trained_models()[model]) == kinds.end()) {
    return false;
  }
  return workers == (model % 2 == 0 ? 1 : 3);
}

std::vector<std::tuple<std::string, Device, int>> trainings() {
  std::vector<std::tuple<std::string, Device, int>> product;
  const std::vector<std::string> models = trained_models();
  for (size_t model = 0; model < models.size(); ++model) {
    for (const Device device : devices_and_reference()) {
      for (const int workers : {1, 3}) {
        if (every_combination() || is_in_sample(model, device, workers)) {
          product.emplace_back(models[model], device, workers);
        }
      }
    }
  }
  return product;
}

INSTANTIATE_TEST_SUITE_P(
    AllHeads, GoldenTraining, testing::ValuesIn(trainings()), [](const auto& test) {
      return std::get<0>(test.param) + "_" + device_word(std::get<1>(test.param)) + "_" +
             std::to_string(std::get<2>(test.param)) + "_workers";
    });

TEST(GoldenMiniLmTraining, GivesGradientsOfTransformers) {
  const auto base = base_model_folder();
  if (!base) {
    GTEST_SKIP() << "FASTINTENT_BASE_MODEL does not name a folder of all-MiniLM-L6-v2";
  }
  const GoldenCase golden("minilm");
  const ModelFolder folder(*base);
  ModelConfig config = folder.config();
  config.intents = {"a", "b", "c", "d", "e"};
  ThreadPool pool(2);
  GradientWorkers workers(pool, [] { return create_backend(Device::cpu); }, config);
  const OwnedWeights weights =
      allocate_weights(workers.backend(0), config, config.encoder.vocabulary);
  load_base_weights(folder, config, weights.weights, 1);
  set_minilm_head(weights.weights.head);
  const PreparedModel model = prepare_model(
      workers.backend(0), config, weights.weights, Precision::fp32, WeightUse::training);
  const EncodedDataset data = dataset_of(golden);
  const StepGradient step = workers.run(model, data, all_examples(data), {}, {});
  EXPECT_NEAR(step.loss, golden.values("loss")[0], 1e-5);
  EXPECT_NEAR(step.norm / golden.values("gradient_norm")[0], 1, 1e-4);

  for (const NamedTensor& named :
       name_encoder_tensors(workers.gradients().encoder, config.encoder)) {
    if (named.name == "embeddings.word_embeddings.weight") {
      continue;  // compact here, with different places
    }
    std::vector<float> found;
    for (const int32_t at : golden.integers("gradient_at." + named.name)) {
      found.push_back(named.tensor.data[at]);
    }
    // Samples of a gradient that is zero but for rounding are measured against a share of the whole
    // norm.
    const double floor = 1e-5 * golden.values("gradient_norm")[0];
    EXPECT_LT(relative_distance(found, golden.values("gradient." + named.name), floor), 1e-3)
        << named.name;
  }
}

}  // namespace
}  // namespace fastintent
