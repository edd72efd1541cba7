#pragma once

#include <numeric>
#include <vector>

#include "model/random_encoder.h"
#include "train/gradient_workers.h"

// Steps of a small model with random weights on the GPU, with padded and recorded passes.
namespace fastintent {

/// The results of a step; == compares bits.
struct StepResult {
  double loss = 0;
  double norm = 0;
  std::vector<float> flat;
  std::vector<float> word;

  friend bool operator==(const StepResult&, const StepResult&) = default;
};

/// All that changes from step to step.
struct StepInputs {
  EncodedDataset data;
  uint64_t dropout_seed = 0;
  double loss_scale = 1;
};

/// Random texts of these lengths, and everything else of the step, from one seed.
inline StepInputs random_step(const std::vector<int64_t>& lengths, uint32_t seed) {
  Random random(seed);
  StepInputs inputs;
  for (const int64_t length : lengths) {
    const std::vector<int32_t> ids = random.integers(length, 50);
    inputs.data.ids.insert(inputs.data.ids.end(), ids.begin(), ids.end());
    inputs.data.starts.push_back(static_cast<int64_t>(inputs.data.ids.size()));
    inputs.data.classes.push_back(static_cast<int32_t>(random.below(2)));
  }
  inputs.dropout_seed = seed;
  inputs.loss_scale = seed % 2 == 0 ? 1024 : 64;
  return inputs;
}

/// Under first-token pooling the head is RoBERTa's, which has the most places for dropout.
inline ModelConfig recorded_config(Pooling pooling) {
  ModelConfig config = config_of({24, 3, 40, 2}, pooling);
  if (pooling == Pooling::first_token) {
    config.head = HeadKind::pooler;
    config.encoder.own_head.dropout_before_dense = true;
  }
  return config;
}

class RecordedTraining {
 public:
  RecordedTraining(Pooling pooling, Precision precision, Device device = Device::cuda)
      : config_(recorded_config(pooling)),
        workers_(
            pool_, [device] { return create_backend(device); }, config_),
        weights_(allocate_weights(workers_.backend(0), config_, config_.encoder.vocabulary)) {
    OwnedWeights host = random_weights(config_, 1);
    Random random;
    fill(random, host.weights.head.classifier);
    const Tensor word = host.weights.encoder.word;
    Backend& backend = workers_.backend(0);
    backend.upload(word, weights_.weights.encoder.word);
    backend.upload({host.flat.data(), 1, host.flat.size()},
                   {weights_.flat.data(), 1, host.flat.size()});
    model_ = prepare_model(backend, config_, weights_.weights, precision, WeightUse::training);
  }

  StepResult run(const StepInputs& inputs) {
    std::vector<int64_t> examples(static_cast<size_t>(inputs.data.examples()));
    std::iota(examples.begin(), examples.end(), 0);
    const std::vector<float> class_weights{0.5F, 2};
    const StepGradient step = workers_.run(model_,
                                           inputs.data,
                                           examples,
                                           {0.1F, class_weights, inputs.loss_scale},
                                           {0.1F, 0.2F, 0.3F, inputs.dropout_seed});
    const std::span<const float> flat = workers_.flat();
    return {step.loss,
            step.norm,
            download({flat.data(), 1, static_cast<int64_t>(flat.size())}),
            download(workers_.word_gradient())};
  }

 private:
  Backend& backend() { return workers_.backend(0); }
  std::vector<float> download(ConstTensor tensor) {
    Matrix host(tensor.rows, tensor.columns);
    backend().download(tensor, host.tensor());
    return host.values;
  }

  ModelConfig config_;
  ThreadPool pool_{1};
  GradientWorkers workers_;
  OwnedWeights weights_;
  PreparedModel model_;
};

/// The step as the first of its shape, which runs directly.
inline StepResult run_directly(Pooling pooling, Precision precision, const StepInputs& inputs) {
  return RecordedTraining(pooling, precision).run(inputs);
}

}  // namespace fastintent
