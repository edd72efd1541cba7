#include "model/load_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "fastintent/error.h"
#include "model/family.h"

namespace fastintent {
namespace {

const StoredTensor& require(const StoredTensor* stored,
                            const ModelFolder& folder,
                            const NamedTensor& wanted) {
  if (stored != nullptr) {
    return *stored;
  }
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected a tensor {} [{}, {}], found none",
                          folder.encoder().string(),
                          wanted.name,
                          wanted.tensor.rows,
                          wanted.tensor.columns));
}

// Biases, tables of biases and norms are few values, which every text is computed with. Matrices are
// checked where they are packed in int8.
void read_finite(const StoredTensor& stored, const NamedTensor& wanted) {
  read_tensor(stored, wanted.tensor);
  if (wanted.decays) {
    return;
  }
  for (const float value : wanted.tensor.flat()) {
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("read tensor: expected finite values, found {} ({}, tensor {})",
                              value,
                              stored.file,
                              stored.name));
    }
  }
}

bool is_classifier(const NamedTensor& tensor, const ModelConfig& config) {
  return tensor.name.starts_with(classifier_name(config) + ".");
}

// Whether a tensor is a matrix that prepare_model packs: one of a layer, the head's dense one, or the
// projection of the embeddings.
bool is_packed(const NamedTensor& tensor, const ModelConfig& config) {
  const std::string_view projection = config.encoder.family->encoder.embedding_projection;
  const bool is_projection = !projection.empty() && tensor.name.starts_with(projection);
  return (tensor.depth > 0 || is_projection) && !tensor.is_vector && !is_classifier(tensor, config);
}

void load_encoder(const ModelFolder& folder,
                  const ModelConfig& config,
                  const EncoderWeights& weights,
                  Matrices matrices) {
  for (const NamedTensor& wanted : name_encoder_tensors(weights, config.encoder)) {
    if (wanted.tensor.empty()) {
      continue;  // a word table that is used in place
    }
    if (matrices == Matrices::left_out && is_packed(wanted, config)) {
      continue;
    }
    read_finite(require(folder.find_encoder_tensor(wanted.name), folder, wanted), wanted);
  }
}

void draw_normal(const NamedTensor& out, float deviation, std::mt19937_64& generator) {
  if (out.is_vector) {
    std::ranges::fill(out.tensor.flat(), out.is_scale ? 1.0F : 0.0F);
    return;
  }
  std::normal_distribution<float> normal(0.0F, deviation);
  for (float& value : out.tensor.flat()) {
    value = normal(generator);
  }
}

}  // namespace

void load_trained_weights(const ModelFolder& folder,
                          const ModelConfig& config,
                          const ModelWeights& weights,
                          Matrices matrices) {
  load_encoder(folder, config, weights.encoder, matrices);
  for (const NamedTensor& wanted : name_head_tensors(weights.head, config)) {
    if (matrices == Matrices::left_out && is_packed(wanted, config)) {
      continue;
    }
    read_finite(require(folder.find_head_tensor(wanted.name), folder, wanted), wanted);
  }
}

std::vector<std::string> load_base_weights(const ModelFolder& folder,
                                           const ModelConfig& config,
                                           const ModelWeights& weights,
                                           uint64_t seed) {
  load_encoder(folder, config, weights.encoder, Matrices::loaded);
  const bool same_classifier = folder.has_trained_head() && folder.config().head == config.head &&
                               folder.config().intents == config.intents;
  std::mt19937_64 generator(seed);
  std::vector<std::string> initialised;
  for (const NamedTensor& wanted : name_head_tensors(weights.head, config)) {
    const bool classifier = is_classifier(wanted, config);
    const StoredTensor* stored = folder.find_head_tensor(wanted.name);
    if (stored != nullptr && (!classifier || same_classifier)) {
      read_finite(*stored, wanted);
    } else {
      draw_normal(wanted, config.encoder.initializer_range, generator);
      initialised.push_back(wanted.name);
    }
  }
  return initialised;
}

MappedTensor map_word_table(const ModelFolder& folder) {
  const EncoderConfig& config = folder.config().encoder;
  const std::string name(config.family->encoder.word);
  const StoredTensor* stored = folder.find_encoder_tensor(name);
  if (stored == nullptr) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: expected a tensor {}, found none", folder.encoder().string(), name));
  }
  return map_tensor(*stored, config.vocabulary, config.embedding_width());
}

}  // namespace fastintent
