#include "model/config_numbers.h"
#include "model/families/families.h"

// ELECTRA (Clark et al. 2020), its discriminator: the layers of BERT behind embeddings that may be
// narrower, which a dense layer then projects; a head of its own.
namespace fastintent {
namespace {

EncoderConfig read_config(const JsonDocument& config) {
  EncoderConfig encoder = read_bert_config(config);
  encoder.hidden = size_of(config, "hidden_size", kLargestWidth, 256);
  encoder.heads = size_of(config, "num_attention_heads", kLargestWidth, 4);
  encoder.intermediate = size_of(config, "intermediate_size", kLargestWidth, 1024);
  const int64_t width = size_of(config, "embedding_size", kLargestWidth, 128);
  encoder.embedding = width == encoder.hidden ? 0 : width;
  encoder.own_head.dense_activation = Activation::gelu;  // whatever hidden_act is
  encoder.own_head.dropout_before_dense = true;
  return encoder;
}

constexpr EncoderNames electra_names() {
  EncoderNames names = kBertEncoderNames;
  names.pooler = {};
  names.embedding_projection = "embeddings_project";
  return names;
}

}  // namespace

const Family electra_family{
    .model_type = "electra",
    .architecture = "Electra",
    .prefix = "electra.",
    .read_config = read_config,
    .encoder = electra_names(),
    .head = {.dense = "classifier.dense", .classifier = "classifier.out_proj"}};

}  // namespace fastintent
