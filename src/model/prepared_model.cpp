#include "model/prepared_model.h"

#include <fmt/format.h>

#include <cmath>

namespace fastintent {
namespace {

// Of the pairs of a head's columns; in f32, as transformers computes them.
std::vector<float> rotary_frequencies(float base, int64_t head_width) {
  std::vector<float> frequencies;
  for (int64_t column = 0; base > 0 && column + 1 < head_width; column += 2) {
    const float power = static_cast<float>(column) / static_cast<float>(head_width);
    frequencies.push_back(1.0F / std::pow(base, power));
  }
  return frequencies;
}

// Fills in a model's parts; what it copies or prepares belongs to the model.
class Preparation {
 public:
  Preparation(Backend& backend,
              Precision precision,
              WeightUse use,
              const PackedMatrices* packed,
              PreparedModel& model)
      : backend_(backend), precision_(precision), use_(use), packed_(packed), model_(model) {}

  // Parameters that are used unchanged: for inference a copy, so that the matrices beside them can
  // be freed; for training the weights themselves.
  ConstTensor keep(Tensor tensor) const {
    if (use_ == WeightUse::training || tensor.empty()) {
      return tensor;
    }
    const Buffer& copy = model_.owned.emplace_back(backend_.allocate(tensor.rows, tensor.columns));
    const Tensor kept = copy.tensor(tensor.rows, tensor.columns);
    backend_.upload(tensor, kept);
    return kept;
  }

  LayerNorm keep(const NormWeights& norm) const {
    return {keep(norm.scale).flat(), keep(norm.shift).flat(), model_.config.encoder.norm_epsilon};
  }

  PreparedLinear prepare(const std::string& name, const LinearWeights& linear) const {
    const Tensor& matrix = linear.weight;
    auto weight =
        packed_ != nullptr
            ? backend_.adopt_weight(packed_->find(name), matrix.rows, matrix.columns, precision_)
            : backend_.prepare_weight(matrix, precision_, use_);
    model_.packable.emplace_back(name, weight.get());
    return {std::move(weight), keep(linear.bias).flat()};
  }

  PreparedLayer prepare(size_t number, const LayerWeights& layer) const {
    const EncoderConfig& config = model_.config.encoder;
    const auto named = [&](const char* weight) {
      return fmt::format("layer.{}.{}", number, weight);
    };
    PreparedLayer out;
    out.kind = config.kind_of(number);
    out.frequencies = rotary_frequencies(out.kind.rotary_base, config.hidden / config.heads);
    const bool last = static_cast<int64_t>(number) + 1 == config.layers;
    if (last && model_.config.pooling() == Pooling::first_token) {
      out.query = prepare(named("query"), query_rows(layer.query_key_value));
      out.key_value = prepare(named("key_value"), key_value_rows(layer.query_key_value));
    } else {
      out.query_key_value = prepare(named("query_key_value"), layer.query_key_value);
    }
    out.attention_output = prepare(named("attention_output"), layer.attention_output);
    out.attention_norm = keep(layer.attention_norm);
    out.intermediate = prepare(named("intermediate"), layer.intermediate);
    out.output = prepare(named("output"), layer.output);
    out.output_norm = keep(layer.output_norm);
    return out;
  }

  PreparedHead prepare(const HeadWeights& head) const {
    const ModelConfig& config = model_.config;
    PreparedHead out;
    out.pooling = config.pooling();
    if (config.has_dense()) {
      out.dense = prepare("dense", head.dense);
      out.dense_activation = config.dense_activation();
    }
    if (config.head_shape().has_norm) {
      out.dense_norm = keep(head.norm);
    }
    // Only a few columns: f32 costs nothing and keeps the logits exact.
    out.classifier = {backend_.prepare_weight(head.classifier.weight, Precision::fp32, use_),
                      keep(head.classifier.bias).flat()};
    return out;
  }

 private:
  Backend& backend_;
  Precision precision_;
  WeightUse use_;
  const PackedMatrices* packed_;
  PreparedModel& model_;
};

}  // namespace

PreparedModel prepare_model(Backend& backend,
                            const ModelConfig& config,
                            const ModelWeights& weights,
                            Precision precision,
                            WeightUse use,
                            const PackedMatrices* packed) {
  PreparedModel model;
  model.config = config;
  model.encoder.heads = config.encoder.heads;
  const EncoderWeights& encoder = weights.encoder;
  const Preparation preparation(backend, precision, use, packed, model);
  model.encoder.tables = {
      encoder.word, preparation.keep(encoder.position), preparation.keep(encoder.segment)};
  model.encoder.distance_bias = {preparation.keep(encoder.distance_bias),
                                 model.config.encoder.distance_buckets};
  if (use == WeightUse::inference) {
    use_word_table(backend, encoder.word, model);
  }
  model.encoder.embedding_norm = preparation.keep(encoder.embedding_norm);
  if (config.encoder.embedding > 0) {
    model.encoder.embedding_projection =
        preparation.prepare("embedding_projection", encoder.embedding_projection);
  }
  for (size_t layer = 0; layer < encoder.layers.size(); ++layer) {
    model.encoder.layers.push_back(preparation.prepare(layer, encoder.layers[layer]));
  }
  model.head = preparation.prepare(weights.head);
  return model;
}

void use_word_table(Backend& backend, ConstTensor word, PreparedModel& model) {
  ConstTensor& table = model.encoder.tables.word;
  table = word;
  if (backend.traits().shares_host_memory || word.empty()) {
    return;
  }
  const Buffer& copy = model.owned.emplace_back(backend.allocate(word.rows, word.columns));
  const Tensor there = copy.tensor(word.rows, word.columns);
  backend.upload(word, there);
  table = there;
}

std::vector<WeightToRefresh> weights_to_refresh(const PreparedModel& model,
                                                const ModelWeights& weights) {
  std::vector<WeightToRefresh> list;
  const auto add = [&](const PreparedLinear& prepared, Tensor source) {
    if (prepared.weight != nullptr) {
      list.push_back({prepared.weight.get(), source});
    }
  };
  add(model.encoder.embedding_projection, weights.encoder.embedding_projection.weight);
  for (size_t index = 0; index < model.encoder.layers.size(); ++index) {
    const PreparedLayer& prepared = model.encoder.layers[index];
    const LayerWeights& layer = weights.encoder.layers[index];
    add(prepared.query_key_value, layer.query_key_value.weight);
    add(prepared.query, query_rows(layer.query_key_value).weight);
    add(prepared.key_value, key_value_rows(layer.query_key_value).weight);
    add(prepared.attention_output, layer.attention_output.weight);
    add(prepared.intermediate, layer.intermediate.weight);
    add(prepared.output, layer.output.weight);
  }
  add(model.head.dense, weights.head.dense.weight);
  add(model.head.classifier, weights.head.classifier.weight);
  return list;
}

}  // namespace fastintent
