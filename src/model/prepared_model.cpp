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
  // Parameters that are used unchanged: for inference a copy, so that the matrices beside them can
  // be freed; for training the weights themselves.
  const auto keep = [&](Tensor tensor) -> ConstTensor {
    if (use == WeightUse::training || tensor.empty()) {
      return tensor;
    }
    const Buffer& copy = model.owned.emplace_back(backend.allocate(tensor.rows, tensor.columns));
    const Tensor kept = copy.tensor(tensor.rows, tensor.columns);
    backend.upload(tensor, kept);
    return kept;
  };
  const auto prepare = [&](const std::string& name, const LinearWeights& linear) -> PreparedLinear {
    const Tensor& matrix = linear.weight;
    auto weight =
        packed != nullptr
            ? backend.adopt_weight(packed->find(name), matrix.rows, matrix.columns, precision)
            : backend.prepare_weight(matrix, precision, use);
    model.packable.emplace_back(name, weight.get());
    return {std::move(weight), keep(linear.bias).flat()};
  };
  const auto keep_norm = [&](const NormWeights& norm) -> LayerNorm {
    return {keep(norm.scale).flat(), keep(norm.shift).flat(), config.encoder.norm_epsilon};
  };
  model.encoder.tables = {encoder.word, keep(encoder.position), keep(encoder.segment)};
  model.encoder.distance_bias = {keep(encoder.distance_bias),
                                 model.config.encoder.distance_buckets};
  if (use == WeightUse::inference) {
    use_word_table(backend, encoder.word, model);
  }
  model.encoder.embedding_norm = keep_norm(encoder.embedding_norm);
  if (config.encoder.embedding > 0) {
    model.encoder.embedding_projection =
        prepare("embedding_projection", encoder.embedding_projection);
  }
  for (const LayerWeights& layer : encoder.layers) {
    PreparedLayer& out = model.encoder.layers.emplace_back();
    out.kind = config.encoder.kind_of(model.encoder.layers.size() - 1);
    out.frequencies =
        rotary_frequencies(out.kind.rotary_base, config.encoder.hidden / config.encoder.heads);
    const auto named = [&](const char* weight) {
      return fmt::format("layer.{}.{}", model.encoder.layers.size() - 1, weight);
    };
    const bool last = &layer == &encoder.layers.back();
    if (last && config.pooling() == Pooling::first_token) {
      out.query = prepare(named("query"), query_rows(layer.query_key_value));
      out.key_value = prepare(named("key_value"), key_value_rows(layer.query_key_value));
    } else {
      out.query_key_value = prepare(named("query_key_value"), layer.query_key_value);
    }
    out.attention_output = prepare(named("attention_output"), layer.attention_output);
    out.attention_norm = keep_norm(layer.attention_norm);
    out.intermediate = prepare(named("intermediate"), layer.intermediate);
    out.output = prepare(named("output"), layer.output);
    out.output_norm = keep_norm(layer.output_norm);
  }
  model.head.pooling = config.pooling();
  if (config.has_dense()) {
    model.head.dense = prepare("dense", weights.head.dense);
    model.head.dense_activation = config.dense_activation();
  }
  if (config.head_shape().has_norm) {
    model.head.dense_norm = keep_norm(weights.head.norm);
  }
  // Only a few columns: f32 costs nothing and keeps the logits exact.
  model.head.classifier = {
      backend.prepare_weight(weights.head.classifier.weight, Precision::fp32, use),
      keep(weights.head.classifier.bias).flat()};
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
