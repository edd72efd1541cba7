#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/load_weights.h"

namespace fastintent {
namespace {

// Every tensor of a golden model by name before and after one step of AdamW.
struct Change {
  std::map<std::string, std::vector<float>> before;
  std::map<std::string, std::vector<float>> after;
  std::map<std::string, int> depth;
};

std::map<std::string, std::vector<float>> values_of(const std::vector<NamedTensor>& tensors) {
  std::map<std::string, std::vector<float>> values;
  for (const NamedTensor& named : tensors) {
    values[named.name].assign(named.tensor.flat().begin(), named.tensor.flat().end());
  }
  return values;
}

Change step_once(const FitSettings& settings, int workers_count) {
  const GoldenCase golden("bert_pooler");
  const ModelFolder folder(golden.model());
  const ModelConfig& config = folder.config();
  ThreadPool pool(workers_count);
  GradientWorkers workers(pool, [] { return create_backend(Device::cpu); }, config);
  const OwnedWeights weights =
      allocate_weights(workers.backend(0), config, config.encoder.vocabulary);
  load_trained_weights(folder, config, weights.weights);
  const PreparedModel model = prepare_model(
      workers.backend(0), config, weights.weights, Precision::fp32, WeightUse::training);
  EncodedDataset data;
  for (const auto& sequence : golden.sequences()) {
    data.ids.insert(data.ids.end(), sequence.begin(), sequence.end());
    data.starts.push_back(static_cast<int64_t>(data.ids.size()));
  }
  data.classes = golden.integers("labels");
  std::vector<int64_t> examples(static_cast<size_t>(data.examples()));
  std::iota(examples.begin(), examples.end(), 0);

  std::vector<NamedTensor> tensors = name_encoder_tensors(weights.weights.encoder, config.encoder);
  const auto head = name_head_tensors(weights.weights.head, config);
  tensors.insert(tensors.end(), head.begin(), head.end());
  Change change;
  for (const NamedTensor& named : tensors) {
    change.depth[named.name] = named.depth;
  }
  change.before = values_of(tensors);
  Optimizer optimizer(pool, workers, settings, weights, model);
  const StepGradient gradient = workers.run(model, data, examples, {}, {});
  optimizer.step(1, 1.0, gradient.norm);
  optimizer.catch_up();
  change.after = values_of(tensors);
  return change;
}

FitSettings settings_of(double weight_decay) {
  FitSettings settings;
  settings.learning_rate = 1e-3;
  settings.head_learning_rate = 5e-3;
  settings.layer_decay = 0.5;
  settings.weight_decay = weight_decay;
  return settings;
}

// Gradients of key biases are zero but for rounding: AdamW turns them into arbitrary steps.
bool is_key_bias(const std::string& name) {
  return name.ends_with("key.bias");
}

// The first step of AdamW without decay moves a parameter by its learning rate, less where the
// gradient is near epsilon: m / (sqrt(v) + epsilon) = g / (|g| + 1e-8).
TEST(Optimizer, GivesEveryDepthItsLearningRate) {
  const std::map<int, double> peak = {{0, 0.25e-3}, {1, 0.5e-3}, {2, 1e-3}, {3, 5e-3}};
  for (const int workers : {1, 2}) {
    const Change change = step_once(settings_of(0), workers);
    for (const auto& [name, depth] : change.depth) {
      if (is_key_bias(name)) {
        continue;
      }
      double largest = 0;
      for (size_t i = 0; i < change.before.at(name).size(); ++i) {
        largest = std::max(largest,
                           std::abs(double{change.after.at(name)[i]} - change.before.at(name)[i]));
      }
      EXPECT_NEAR(largest / peak.at(depth), 1, 2e-3) << name << ", depth " << depth;
    }
  }
}

// Decoupled decay: w -= rate * decay * w besides the step; not on biases and layer norms.
TEST(Optimizer, DecaysWeightsButNoBiasesAndNorms) {
  const double decay = 0.1;
  const std::map<int, double> peak = {{0, 0.25e-3}, {1, 0.5e-3}, {2, 1e-3}, {3, 5e-3}};
  const Change plain = step_once(settings_of(0), 1);
  const Change decayed = step_once(settings_of(decay), 1);
  for (const auto& [name, depth] : plain.depth) {
    const bool vector = name.ends_with(".bias") || name.find("LayerNorm") != std::string::npos;
    for (size_t i = 0; i < plain.before.at(name).size(); ++i) {
      const double before = plain.before.at(name)[i];
      const double expected = vector ? 0 : -peak.at(depth) * decay * before;
      // Two roundings of f32 values of up to about 2.
      ASSERT_NEAR(double{decayed.after.at(name)[i]} - plain.after.at(name)[i], expected, 5e-7)
          << name;
    }
  }
}

}  // namespace
}  // namespace fastintent
