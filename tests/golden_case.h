#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "batch/packed_batch.h"
#include "checkpoint/tensor_files.h"
#include "model/model_weights.h"

namespace fastintent {

/// Golden values of one case of tests/golden (its README says which there are).
class GoldenCase {
 public:
  explicit GoldenCase(const std::string& name)
      : folder_(std::filesystem::path("tests/golden") / name),
        values_(TensorFiles::open_file(folder_ / "golden.safetensors")) {}

  std::filesystem::path model() const { return folder_ / "model"; }
  bool has(const std::string& name) const { return values_.find(name) != nullptr; }

  std::vector<float> values(const std::string& name) const {
    const StoredTensor* stored = values_.find(name);
    if (stored == nullptr) {
      throw std::runtime_error("no golden tensor " + name);
    }
    int64_t size = 1;
    for (const int64_t extent : stored->shape) {
      size *= extent;
    }
    std::vector<float> out(static_cast<size_t>(size));
    const int64_t rows = stored->shape.size() == 2 ? stored->shape[0] : 1;
    read_tensor(*stored, Tensor(out.data(), rows, size / rows));
    return out;
  }
  std::vector<int32_t> integers(const std::string& name) const {
    const std::vector<float> floats = values(name);
    return {floats.begin(), floats.end()};
  }

  std::vector<std::vector<int32_t>> sequences() const {
    const std::vector<int32_t> ids = integers("ids");
    const std::vector<int32_t> starts = integers("starts");
    std::vector<std::vector<int32_t>> list;
    for (size_t s = 0; s + 1 < starts.size(); ++s) {
      list.emplace_back(ids.begin() + starts[s], ids.begin() + starts[s + 1]);
    }
    return list;
  }
  PackedBatch batch(const EncoderConfig& encoder) const {
    PackedBatch packed(encoder.padding_id);
    for (const auto& sequence : sequences()) {
      packed.append(sequence);
    }
    return packed;
  }

 private:
  std::filesystem::path folder_;
  TensorFiles values_;
};

/// The golden models with a trained head.
inline std::vector<std::string> trained_models() {
  return {"bert_pooler",
          "bert_mean",
          "bert_cls",
          "distilbert",
          "roberta",
          "xlm_roberta",
          "xlm_roberta_mean",
          "camembert",
          "mpnet",
          "mpnet_mean",
          "electra",
          "electra_wide",
          "electra_mean",
          "modernbert",
          "modernbert_mean",
          "modernbert_sentence"};
}

/// One of them for each kind of layers.
inline std::vector<std::string> kinds_of_trained_models() {
  return {"bert_pooler", "distilbert", "roberta", "mpnet", "electra_wide", "modernbert_mean"};
}

/// Largest difference between two rows of values, each relative to 1 + |expected|.
inline double largest_difference(std::span<const float> found, std::span<const float> expected) {
  if (found.size() != expected.size()) {
    return HUGE_VAL;
  }
  double largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference =
        std::abs(double{found[i]} - expected[i]) / (1 + std::abs(double{expected[i]}));
    if (!(difference <= largest)) {
      largest = std::isnan(difference) ? HUGE_VAL : difference;
    }
  }
  return largest;
}

/// Difference of two vectors relative to the length of the expected one, which counts as `floor` at
/// least, for gradients that are zero.
inline double relative_distance(std::span<const float> found,
                                std::span<const float> expected,
                                double floor) {
  if (found.size() != expected.size()) {
    return HUGE_VAL;
  }
  double difference = 0;
  double length = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    difference += std::pow(double{found[i]} - expected[i], 2);
    length += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference) / std::max(floor, std::sqrt(length));
}

/// The folder of all-MiniLM-L6-v2, where FASTINTENT_BASE_MODEL names one.
inline std::optional<std::filesystem::path> base_model_folder() {
  const char* folder = std::getenv("FASTINTENT_BASE_MODEL");
  if (folder == nullptr) {
    return std::nullopt;
  }
  return folder;
}

/// The head of the MiniLM golden values: a formula, repeated from scripts/make_golden.py.
inline void set_minilm_head(const HeadWeights& head) {
  const Tensor weight = head.classifier.weight;
  for (int64_t i = 0; i < weight.size(); ++i) {
    weight.data[i] = static_cast<float>(0.02 * std::sin(1.0 + static_cast<double>(i)));
  }
}

}  // namespace fastintent
