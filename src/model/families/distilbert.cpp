#include <utility>

#include "model/activation_names.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

// DistilBERT (Sanh et al. 2019): the layers of BERT under other names, without segments.
namespace fastintent {
namespace {

// Of the two names that transformers has for a size, the common one is preferred.
int64_t size_by_names(const JsonDocument& config,
                      std::pair<const char*, const char*> names,
                      int64_t largest,
                      int64_t fallback) {
  return size_of(config, config.has(names.first) ? names.first : names.second, largest, fallback);
}

EncoderConfig read_config(const JsonDocument& config) {
  refuse_setting(config, "pruned_heads");
  EncoderConfig encoder;
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows, 30522);
  encoder.hidden = size_by_names(config, {"hidden_size", "dim"}, kLargestWidth, 768);
  encoder.layers = size_by_names(config, {"num_hidden_layers", "n_layers"}, kMostLayers, 6);
  encoder.heads = size_by_names(config, {"num_attention_heads", "n_heads"}, kLargestWidth, 12);
  encoder.intermediate = size_of(config, "hidden_dim", kLargestWidth, 3072);
  encoder.positions = size_of(config, "max_position_embeddings", kMostRows, 512);
  encoder.layer.activation = activation_of(config, "activation");
  encoder.own_head.dense_activation = Activation::relu;
  encoder.norm_epsilon = 1e-12F;  // fixed in the family's code, not in its configuration
  encoder.hidden_dropout = rate_of(config, "dropout", 0.1);
  encoder.attention_dropout = rate_of(config, "attention_dropout", 0.1);
  encoder.head_dropout = rate_of(config, "seq_classif_dropout", 0.2);
  return encoder;
}

}  // namespace

const Family distilbert_family{.model_type = "distilbert",
                               .architecture = "DistilBert",
                               .prefix = "distilbert.",
                               .read_config = read_config,
                               .encoder = {.word = "embeddings.word_embeddings.weight",
                                           .position = "embeddings.position_embeddings.weight",
                                           .segment = {},
                                           .embedding_norm = "embeddings.LayerNorm",
                                           .layers = "transformer.layer",
                                           .query = "attention.q_lin",
                                           .key = "attention.k_lin",
                                           .value = "attention.v_lin",
                                           .attention_output = "attention.out_lin",
                                           .attention_norm = "sa_layer_norm",
                                           .intermediate = "ffn.lin1",
                                           .output = "ffn.lin2",
                                           .output_norm = "output_layer_norm",
                                           .pooler = {}},
                               .head = {.dense = "pre_classifier", .classifier = "classifier"}};

}  // namespace fastintent
