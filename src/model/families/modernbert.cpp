#include <fmt/format.h>

#include <string>
#include <vector>

#include "model/activation_names.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

// ModernBERT (Warner et al. 2024) and models in its format: Ettin, mmBERT, gte-modernbert. Norms
// before the blocks, rotary positions, a gated feed-forward, and in most layers attention to a
// window.
namespace fastintent {
namespace {

constexpr const char* kGlobal = "full_attention";
constexpr const char* kLocal = "sliding_attention";

// Angles reach the position of the last token; the vectorised sine is exact to 39,000.
constexpr int64_t kMostTokens = 1 << 15;

// Whether each layer attends to a window. Releases of transformers before 5 write every which layer
// is global, later ones a list of all.
std::vector<bool> read_local_layers(const JsonDocument& config, int64_t layers) {
  std::vector<bool> local;
  if (!config.has("layer_types")) {
    const int64_t period = size_of(config, "global_attn_every_n_layers", kMostLayers, 3);
    for (int64_t layer = 0; layer < layers; ++layer) {
      local.push_back(layer % period != 0);
    }
    return local;
  }
  const std::string expected = fmt::format("\"{}\" or \"{}\" for each layer", kGlobal, kLocal);
  for (const std::string& type : config.texts("layer_types", expected)) {
    if (type != kGlobal && type != kLocal) {
      fail_setting(
          config, "layer_types", expected, fmt::format("\"{}\"", type.substr(0, kMaxShown)));
    }
    local.push_back(type == kLocal);
  }
  if (static_cast<int64_t>(local.size()) != layers) {
    fail_setting(config,
                 "layer_types",
                 fmt::format("{} of them, as num_hidden_layers says", layers),
                 fmt::format("{}", local.size()));
  }
  return local;
}

// The base of the rotary angles in layers of one type, in either form of the configuration.
float read_rotary_base(const JsonDocument& config,
                       const char* type,
                       const char* old_key,
                       double fallback) {
  double base = config.number_or(old_key, fallback);
  std::string key = old_key;
  if (config.has("rope_parameters") && config.section("rope_parameters").has(type)) {
    const JsonDocument parameters = config.section("rope_parameters").section(type);
    for (const char* name : {"rope_type", "type"}) {
      require_text(parameters, name, "default");
    }
    if (parameters.has("rope_theta")) {
      base = parameters.number_or("rope_theta", base);
      key = parameters.path("rope_theta");
    }
  }
  // Above 1, so that each pair of columns has a lower frequency than the one before.
  if (!(base > 1 && base <= 1e12)) {
    fail_setting(
        config, key, "a base of rotary positions above 1, 1e12 at most", fmt::format("{}", base));
  }
  return static_cast<float>(base);
}

void read_layers(const JsonDocument& config, EncoderConfig& encoder) {
  LayerKind& global = encoder.layer;
  global.norm = NormPlacement::before;
  global.feed_forward = FeedForward::gated;
  global.activation = activation_of(config, "hidden_activation");
  global.rotary_base = read_rotary_base(config, kGlobal, "global_rope_theta", 160000);
  if (config.has("rope_parameters")) {  // each type of layer has its own
    refuse_setting(config.section("rope_parameters"), "rope_type");
  }
  LayerKind local = global;
  // An absent key has the default; null means the base of the global layers.
  const double fallback = config.value().contains("local_rope_theta") ? global.rotary_base : 10000;
  local.rotary_base = read_rotary_base(config, kLocal, "local_rope_theta", fallback);
  local.window = size_of(config, "local_attention", kMostRows, 128) / 2;
  if (local.window == 0) {
    fail_setting(config, "local_attention", "at least 2", "1");
  }
  for (const bool is_local : read_local_layers(config, encoder.layers)) {
    encoder.layer_kinds.push_back(is_local ? local : global);
  }
}

HeadShape read_head(const JsonDocument& config) {
  HeadShape head;
  const std::string pooling = config.text_or("classifier_pooling", "cls");
  if (pooling != "cls" && pooling != "mean") {
    fail_setting(config,
                 "classifier_pooling",
                 "\"cls\" or \"mean\"",
                 fmt::format("\"{}\"", pooling.substr(0, kMaxShown)));
  }
  head.pooling = pooling == "mean" ? Pooling::mean : Pooling::first_token;
  head.dense_activation = activation_of(config, "classifier_activation");
  head.dense_has_bias = config.boolean_or("classifier_bias", false);
  head.has_norm = true;
  return head;
}

EncoderConfig read_config(const JsonDocument& config) {
  refuse_setting(config, "rope_scaling");
  EncoderConfig encoder;
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows, 50368);
  encoder.hidden = size_of(config, "hidden_size", kLargestWidth, 768);
  encoder.layers = size_of(config, "num_hidden_layers", kMostLayers, 22);
  encoder.heads = size_of(config, "num_attention_heads", kLargestWidth, 12);
  encoder.intermediate = size_of(config, "intermediate_size", kLargestWidth, 1152);
  encoder.length_limit = size_of(config, "max_position_embeddings", kMostTokens, 8192);
  read_layers(config, encoder);
  encoder.has_biases = config.boolean_or("attention_bias", false);
  if (config.boolean_or("mlp_bias", false) != encoder.has_biases) {
    fail_setting(config, "mlp_bias", "the same as attention_bias", "another value");
  }
  encoder.has_shifts = config.boolean_or("norm_bias", false);
  if (encoder.hidden / encoder.heads % 2 != 0) {
    fail_setting(
        config,
        "hidden_size",
        fmt::format("an even width of each of the {} attention heads, for rotary positions",
                    encoder.heads),
        fmt::format("{}", encoder.hidden));
  }
  encoder.own_head = read_head(config);
  encoder.norm_epsilon = rate_of(config, "norm_eps", 1e-5);
  // In training, values are dropped behind the blocks, as in BERT, and not within the feed-forward.
  encoder.hidden_dropout = rate_of(config, "mlp_dropout", 0);
  encoder.attention_dropout = rate_of(config, "attention_dropout", 0);
  encoder.head_dropout = rate_of(config, "classifier_dropout", 0);
  return encoder;
}

}  // namespace

const Family modernbert_family{
    .model_type = "modernbert",
    .architecture = "ModernBert",
    .prefix = "model.",
    .read_config = read_config,
    .encoder = {.word = "embeddings.tok_embeddings.weight",
                .position = {},
                .segment = {},
                .embedding_norm = "embeddings.norm",
                .layers = "layers",
                .query = {},
                .key = {},
                .value = {},
                .query_key_value = "attn.Wqkv",
                .attention_output = "attn.Wo",
                .attention_norm = "mlp_norm",
                .intermediate = "mlp.Wi",
                .output = "mlp.Wo",
                .output_norm = "attn_norm",
                .final_norm = "final_norm",
                .pooler = {}},
    .head = {.dense = "head.dense", .norm = "head.norm", .classifier = "classifier"}};

}  // namespace fastintent
