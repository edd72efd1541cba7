#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "model/forward.h"
#include "model/random_encoder.h"

namespace fastintent {

/// A sequence's logits and best classes.
struct Found {
  Matrix logits;  // [S,C]
  int64_t best_of_each = 0;
  std::vector<ScoredClass> best;  // [S,best_of_each]

  Found of(int64_t sequence) const {
    const auto first = best.begin() + static_cast<std::ptrdiff_t>(sequence * best_of_each);
    return {logits.slice(sequence, 1),
            best_of_each,
            {first, first + static_cast<std::ptrdiff_t>(best_of_each)}};
  }
};

inline bool same_bits(const Found& found, const Found& expected) {
  return same_bits(found.logits, expected.logits) && found.best == expected.best;
}

/// More classes than the lanes of a warp, and than any width of the tests but one.
inline ModelConfig config_of(const Shape& shape, HeadKind head) {
  ModelConfig config =
      config_of(shape, head == HeadKind::mean ? Pooling::mean : Pooling::first_token);
  config.head = head;
  config.intents.resize(75);
  return config;
}

/// A complete model with random weights on one device: either a device that computes the answers
/// itself, or the operations one by one and the ranking of the processor's workers.
class AnsweringModel {
 public:
  AnsweringModel(Device device, const ModelConfig& config, Precision precision)
      : AnsweringModel(create_backend(device), config, precision) {}
  AnsweringModel(std::shared_ptr<Backend> backend,
                 const ModelConfig& config,
                 Precision precision,
                 uint32_t seed = 1)
      : backend_(std::move(backend)),
        weights_(random_weights(config, seed)),
        model_(prepare_model(*backend_, config, weights_.weights, precision, WeightUse::inference)),
        forward_(*backend_, model_) {}

  Found run(const Sequences& sequences, int64_t best_of_each = 2, double temperature = 1) {
    const PackedBatch batch = pack(sequences);
    const int64_t S = batch.sequences();
    const int64_t C = model_.head.classifier.weight->rows();
    Found found{Matrix(S, C), best_of_each, {}};
    found.best.resize(static_cast<size_t>(S * best_of_each));
    forward_.ranked(
        batch, temperature, {{found.best.data(), S, best_of_each}, found.logits.tensor()});
    return found;
  }

  PreparedModel& prepared() { return model_; }
  Backend& backend() { return *backend_; }

 private:
  std::shared_ptr<Backend> backend_;
  OwnedWeights weights_;
  PreparedModel model_;
  Forward forward_;
};

}  // namespace fastintent
