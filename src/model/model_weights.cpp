#include "model/model_weights.h"

#include <fmt/format.h>

#include "model/family.h"

namespace fastintent {
namespace {

// Assigns consecutive tensors of one block; with a null block it only counts floats. Parts that the
// encoder lacks are empty.
class Layout {
 public:
  Layout(float* base, const EncoderConfig& encoder) : base_(base), encoder_(encoder) {}

  Tensor matrix(int64_t rows, int64_t columns) {
    float* data = base_ == nullptr ? nullptr : base_ + used_;
    // 16 floats are a cache line: every tensor starts on one.
    used_ += (rows * columns + 15) / 16 * 16;
    return {data, rows, columns};
  }
  LinearWeights linear(int64_t output_width, int64_t input_width, bool has_bias) {
    return {matrix(output_width, input_width), has_bias ? matrix(1, output_width) : Tensor{}};
  }
  LinearWeights layer_linear(int64_t output_width, int64_t input_width) {
    return linear(output_width, input_width, encoder_.has_biases);
  }
  NormWeights norm(int64_t width) {
    return {matrix(1, width), encoder_.has_shifts ? matrix(1, width) : Tensor{}};
  }

  int64_t used() const { return used_; }

 private:
  float* base_;
  const EncoderConfig& encoder_;
  int64_t used_ = 0;
};

// Returns the rows of a table from `first` on; for a table that is only counted, the size alone.
Tensor rows_from(Tensor table, int64_t first) {
  const int64_t rows = table.rows - first;
  if (table.data == nullptr) {
    return {nullptr, rows, table.columns};
  }
  return table.row_slice(first, rows);
}

// The flat range of a model's weights, tensor after tensor, each with its padding:
//   positions | segments | distance bias | embedding norm, projection | layer 0 | layer 1 | ... |
//   head: dense, norm, classifier
ModelWeights lay_out(Layout& layout, const ModelConfig& config) {
  const EncoderConfig& encoder = config.encoder;
  const int64_t H = encoder.hidden;
  const int64_t E = encoder.embedding_width();
  ModelWeights weights;
  if (encoder.positions > 0) {
    weights.encoder.position_table = layout.matrix(encoder.positions, E);
    weights.encoder.position = rows_from(weights.encoder.position_table, encoder.first_position);
  }
  if (encoder.segments > 0) {
    weights.encoder.segment = layout.matrix(encoder.segments, E);
  }
  if (encoder.distance_bias_rows > 0) {
    weights.encoder.distance_bias = layout.matrix(encoder.distance_bias_rows, encoder.heads);
  }
  weights.encoder.embedding_norm = layout.norm(E);
  if (encoder.embedding > 0) {
    weights.encoder.embedding_projection = layout.linear(H, E, true);
  }
  for (int64_t layer = 0; layer < encoder.layers; ++layer) {
    LayerWeights& out = weights.encoder.layers.emplace_back();
    out.query_key_value = layout.layer_linear(3 * H, H);
    out.attention_output = layout.layer_linear(H, H);
    out.attention_norm = layout.norm(H);
    out.intermediate = layout.layer_linear(encoder.feed_forward_width(), H);
    out.output = layout.layer_linear(H, encoder.intermediate);
    out.output_norm = layout.norm(H);
  }
  const HeadShape head = config.head_shape();
  if (head.has_dense) {
    weights.head.dense = layout.linear(H, H, head.dense_has_bias);
  }
  if (head.has_norm) {
    weights.head.norm = layout.norm(H);
  }
  weights.head.classifier = layout.linear(static_cast<int64_t>(config.intents.size()), H, true);
  return weights;
}

void place_views(OwnedWeights& owned, const ModelConfig& config, int64_t word_rows) {
  Layout placing(owned.flat.data(), config.encoder);
  owned.weights = lay_out(placing, config);
  if (word_rows > 0) {
    owned.weights.encoder.word = owned.word.tensor(word_rows, config.encoder.embedding_width());
  }
}

class NameList {
 public:
  void add_matrix(const std::string& name, Tensor tensor, int depth) {
    list.push_back({.name = name, .tensor = tensor, .depth = depth, .decays = true});
  }
  // Without weight decay, as torch's usual groups have every parameter with "bias" in its name.
  void add_bias_table(const std::string& name, Tensor tensor, int depth) {
    list.push_back({.name = name, .tensor = tensor, .depth = depth});
  }
  void add_linear(const std::string& name, const LinearWeights& linear, int depth) {
    add_matrix(name + ".weight", linear.weight, depth);
    add_vector(name + ".bias", linear.bias, depth);
  }
  void add_norm(const std::string& name, const NormWeights& norm, int depth) {
    add_vector(name + ".weight", norm.scale, depth);
    list.back().is_scale = true;
    add_vector(name + ".bias", norm.shift, depth);
  }

  std::vector<NamedTensor> list;

 private:
  // Absent ones have no name.
  void add_vector(const std::string& name, Tensor tensor, int depth) {
    if (!tensor.empty()) {
      list.push_back({.name = name, .tensor = tensor, .depth = depth, .is_vector = true});
    }
  }
};

// Adds the norm behind a layer's feed-forward. A norm before a block has the name and the depth of its
// block, the last one the depth of the last layer.
void add_output_norm(const EncoderConfig& config,
                     size_t layer,
                     const NormWeights& norm,
                     NameList& names) {
  const EncoderNames& name = config.family->encoder;
  const bool last = static_cast<int64_t>(layer) + 1 == config.layers;
  if (last && !name.final_norm.empty()) {
    names.add_norm(std::string(name.final_norm), norm, static_cast<int>(config.layers));
    return;
  }
  const size_t owner = config.layer.normalizes_before() ? layer + 1 : layer;
  names.add_norm(fmt::format("{}.{}.{}", name.layers, owner, name.output_norm),
                 norm,
                 static_cast<int>(owner) + 1);
}

// Returns `count` parts of a fused projection from part `first` on (0 query, 1 key, 2 value).
LinearWeights parts_of(const LinearWeights& fused, int64_t first, int64_t count) {
  const int64_t H = fused.weight.columns;
  return {fused.weight.row_slice(first * H, count * H),
          fused.bias.empty() ? Tensor{} : fused.bias.column_slice(first * H, count * H)};
}

}  // namespace

LinearWeights query_rows(const LinearWeights& fused) {
  return parts_of(fused, 0, 1);
}
LinearWeights key_value_rows(const LinearWeights& fused) {
  return parts_of(fused, 1, 2);
}

int64_t flat_parameter_count(const ModelConfig& config) {
  Layout counting(nullptr, config.encoder);
  lay_out(counting, config);
  return counting.used();
}

Buffer allocate_flat(Backend& backend, int64_t floats) {
  return backend.allocate((floats + kRowTile - 1) / kRowTile, kRowTile);
}

OwnedWeights allocate_weights(Backend& backend, const ModelConfig& config, int64_t word_rows) {
  OwnedWeights owned;
  owned.flat = allocate_flat(backend, flat_parameter_count(config));
  if (word_rows > 0) {
    owned.word = backend.allocate(word_rows, config.encoder.embedding_width());
  }
  place_views(owned, config, word_rows);
  return owned;
}

OwnedWeights allocate_host_weights(const ModelConfig& config, int64_t word_rows) {
  OwnedWeights owned;
  owned.flat = allocate_host_memory(round_up_to_tile(flat_parameter_count(config)));
  if (word_rows > 0) {
    owned.word =
        allocate_host_memory(round_up_to_tile(word_rows) * config.encoder.embedding_width());
  }
  place_views(owned, config, word_rows);
  return owned;
}

HostWeights::HostWeights(Backend& backend, const OwnedWeights& weights, const ModelConfig& config)
    : flat_(backend, weights.flat), word_(backend, weights.word) {
  Layout placing(flat_.values().data(), config.encoder);
  view_ = lay_out(placing, config);
  const Tensor& word = weights.weights.encoder.word;
  view_.encoder.word = {word_.values().data(), word.rows, word.columns};
}

void HostWeights::read() {
  flat_.read();
  word_.read();
}

void HostWeights::write() const {
  flat_.write();
  word_.write();
}

std::vector<NamedTensor> name_encoder_tensors(const EncoderWeights& weights,
                                              const EncoderConfig& config) {
  const EncoderNames& name = config.family->encoder;
  NameList names;
  names.add_matrix(std::string(name.word), weights.word, 0);
  if (config.positions > 0) {
    names.add_matrix(std::string(name.position), weights.position_table, 0);
  }
  if (config.segments > 0) {
    names.add_matrix(std::string(name.segment), weights.segment, 0);
  }
  if (config.distance_bias_rows > 0) {
    names.add_bias_table(std::string(name.distance_bias), weights.distance_bias, 0);
  }
  names.add_norm(std::string(name.embedding_norm), weights.embedding_norm, 0);
  if (config.embedding > 0) {
    names.add_linear(std::string(name.embedding_projection), weights.embedding_projection, 0);
  }
  for (size_t index = 0; index < weights.layers.size(); ++index) {
    const LayerWeights& layer = weights.layers[index];
    const auto of_layer = [&](std::string_view part) {
      return fmt::format("{}.{}.{}", name.layers, index, part);
    };
    const int depth = static_cast<int>(index) + 1;
    if (name.query_key_value.empty()) {
      names.add_linear(of_layer(name.query), parts_of(layer.query_key_value, 0, 1), depth);
      names.add_linear(of_layer(name.key), parts_of(layer.query_key_value, 1, 1), depth);
      names.add_linear(of_layer(name.value), parts_of(layer.query_key_value, 2, 1), depth);
    } else {
      names.add_linear(of_layer(name.query_key_value), layer.query_key_value, depth);
    }
    names.add_linear(of_layer(name.attention_output), layer.attention_output, depth);
    names.add_norm(of_layer(name.attention_norm), layer.attention_norm, depth);
    names.add_linear(of_layer(name.intermediate), layer.intermediate, depth);
    names.add_linear(of_layer(name.output), layer.output, depth);
    add_output_norm(config, index, layer.output_norm, names);
  }
  return std::move(names.list);
}

std::vector<NamedTensor> name_head_tensors(const HeadWeights& weights, const ModelConfig& config) {
  NameList names;
  const int depth = static_cast<int>(config.encoder.layers) + 1;
  if (config.has_dense()) {
    names.add_linear(std::string(config.encoder.family->head.dense), weights.dense, depth);
  }
  if (config.head_shape().has_norm) {
    names.add_norm(std::string(config.encoder.family->head.norm), weights.norm, depth);
  }
  names.add_linear(classifier_name(config), weights.classifier, depth);
  return std::move(names.list);
}

std::string classifier_name(const ModelConfig& config) {
  return config.head == HeadKind::pooler ? std::string(config.encoder.family->head.classifier)
                                         : "linear";
}

}  // namespace fastintent
