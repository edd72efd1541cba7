#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "compute/random_tensors.h"
#include "devices/create_backend.h"
#include "model/forward.h"
#include "model/prepared_model.h"

// Small encoders with random weights, to run on one device and compare with another.
namespace fastintent {

struct Shape {
  int64_t hidden;
  int64_t heads;
  int64_t intermediate;
  int64_t layers;
};

inline ModelConfig config_of(const Shape& shape, Pooling pooling) {
  ModelConfig config;
  config.encoder.vocabulary = 50;
  config.encoder.hidden = shape.hidden;
  config.encoder.layers = shape.layers;
  config.encoder.heads = shape.heads;
  config.encoder.intermediate = shape.intermediate;
  config.encoder.positions = 80;
  config.encoder.segments = 2;
  config.head = pooling == Pooling::mean ? HeadKind::mean : HeadKind::cls;
  config.intents = {"a", "b"};
  return config;
}

inline void fill(Random& random, double limit, Tensor tensor) {
  const Matrix values = random.matrix(tensor.rows, tensor.columns, limit);
  for (int64_t r = 0; r < tensor.rows; ++r) {
    std::copy_n(values.row(r), tensor.columns, tensor.row(r));
  }
}

inline void fill(Random& random, const LinearWeights& linear) {
  if (linear.weight.empty()) {
    return;
  }
  fill(random, std::sqrt(3.0 / static_cast<double>(linear.weight.columns)), linear.weight);
  fill(random, 0.1, linear.bias);
}

inline void fill(Random& random, const NormWeights& norm) {
  fill(random, 0.5, norm.scale);
  for (float& scale : norm.scale.flat()) {
    scale += 1;
  }
  fill(random, 0.5, norm.shift);
}

/// Weights with which every product has values of order one.
inline OwnedWeights random_weights(const ModelConfig& config, uint32_t seed) {
  Random random(seed);
  OwnedWeights owned = allocate_host_weights(config, config.encoder.vocabulary);
  const EncoderWeights& encoder = owned.weights.encoder;
  for (const Tensor table :
       {encoder.word, encoder.position, encoder.segment, encoder.distance_bias}) {
    fill(random, 1, table);
  }
  fill(random, encoder.embedding_norm);
  fill(random, encoder.embedding_projection);
  for (const LayerWeights& layer : encoder.layers) {
    fill(random, layer.query_key_value);
    fill(random, layer.attention_output);
    fill(random, layer.attention_norm);
    fill(random, layer.intermediate);
    fill(random, layer.output);
    fill(random, layer.output_norm);
  }
  if (config.has_dense()) {
    fill(random, owned.weights.head.dense);
  }
  if (config.head_shape().has_norm) {
    fill(random, owned.weights.head.norm);
  }
  fill(random, owned.weights.head.classifier);
  return owned;
}

/// Tokens of each text.
using Sequences = std::vector<std::vector<int32_t>>;

inline Sequences random_sequences(const std::vector<int64_t>& lengths) {
  Random random;
  Sequences sequences;
  for (const int64_t length : lengths) {
    sequences.push_back(random.integers(length, 50));
  }
  return sequences;
}

inline PackedBatch pack(const Sequences& sequences) {
  PackedBatch batch;
  for (const auto& sequence : sequences) {
    batch.append(sequence);
  }
  return batch;
}

/// An encoder with random weights on one device.
class Encoder {
 public:
  Encoder(Device device, const ModelConfig& config, Precision precision)
      : backend_(create_backend(device)),
        weights_(random_weights(config, 1)),
        model_(prepare_model(*backend_, config, weights_.weights, precision, WeightUse::inference)),
        forward_(*backend_, model_) {}

  Matrix run(const Sequences& sequences, Team* team = nullptr) {
    const PackedBatch batch = pack(sequences);
    const Tensor out = forward_.encoded(batch, team);
    Matrix result(out.rows, out.columns);
    backend_->download(out, result.tensor());
    return result;
  }

 private:
  std::unique_ptr<Backend> backend_;
  OwnedWeights weights_;
  PreparedModel model_;
  Forward forward_;
};

inline double largest_difference_of_row(const Matrix& found, const Matrix& expected, int64_t r) {
  double largest = 0;
  for (int64_t c = 0; c < expected.columns; ++c) {
    const double difference = std::abs(double{found.row(r)[c]} - expected.row(r)[c]);
    if (!(difference <= largest)) {
      largest = std::isnan(difference) ? HUGE_VAL : difference;
    }
  }
  return largest;
}

inline bool same_bits(const Matrix& found, const Matrix& expected) {
  return found.values.size() == expected.values.size() &&
         std::memcmp(found.values.data(),
                     expected.values.data(),
                     expected.values.size() * sizeof(float)) == 0;
}

}  // namespace fastintent
