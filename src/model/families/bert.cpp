#include "model/activation_names.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

// BERT (Devlin et al. 2018) and models stored in its format: MiniLM, BGE, E5 and others.
namespace fastintent {

EncoderConfig read_bert_config(const JsonDocument& config) {
  require_text(config, "position_embedding_type", "absolute");
  for (const char* key : {"is_decoder", "add_cross_attention", "pruned_heads"}) {
    refuse_setting(config, key);
  }
  EncoderConfig encoder;
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows, 30522);
  encoder.hidden = size_of(config, "hidden_size", kLargestWidth, 768);
  encoder.layers = size_of(config, "num_hidden_layers", kMostLayers, 12);
  encoder.heads = size_of(config, "num_attention_heads", kLargestWidth, 12);
  encoder.intermediate = size_of(config, "intermediate_size", kLargestWidth, 3072);
  encoder.positions = size_of(config, "max_position_embeddings", kMostRows, 512);
  encoder.segments = size_of(config, "type_vocab_size", kMostRows, 2);
  encoder.layer.activation = activation_of(config, "hidden_act");
  encoder.own_head.dense_activation = Activation::tanh;
  encoder.norm_epsilon = rate_of(config, "layer_norm_eps", 1e-12);
  encoder.hidden_dropout = rate_of(config, "hidden_dropout_prob", 0.1);
  encoder.attention_dropout = rate_of(config, "attention_probs_dropout_prob", 0.1);
  encoder.head_dropout = rate_of(config, "classifier_dropout", encoder.hidden_dropout);
  return encoder;
}

const Family bert_family{.model_type = "bert",
                         .architecture = "Bert",
                         .prefix = "bert.",
                         .read_config = read_bert_config,
                         .encoder = kBertEncoderNames,
                         .head = {.dense = "pooler.dense", .classifier = "classifier"}};

}  // namespace fastintent
