#include <fmt/format.h>

#include "fastintent/error.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

// RoBERTa (Liu et al. 2019), XLM-RoBERTa (Conneau et al. 2020) and CamemBERT (Martin et al. 2020):
// the layers of BERT. The tokens of a text use the rows of the position table behind the padding
// token's; the head has a dense layer of its own.
namespace fastintent {
namespace {

EncoderConfig read_config(const JsonDocument& config) {
  EncoderConfig encoder = read_bert_config(config);
  const int64_t padding = config.integer_or("pad_token_id", 1);
  if (padding < 0 || padding >= encoder.vocabulary) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("{}: pad_token_id: expected 0 to {}, since positions begin behind it, "
                            "found {}",
                            config.name(),
                            encoder.vocabulary - 1,
                            padding));
  }
  encoder.first_position = padding;
  encoder.padding_id = static_cast<int32_t>(padding);
  encoder.own_head.dropout_before_dense = true;
  return encoder;
}

EncoderConfig read_roberta_config(const JsonDocument& config) {
  EncoderConfig encoder = read_config(config);
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows, 50265);
  return encoder;
}

// All three store their tensors under RoBERTa's prefix.
constexpr std::string_view kPrefix = "roberta.";
constexpr HeadNames kHead{.dense = "classifier.dense", .classifier = "classifier.out_proj"};

}  // namespace

const Family roberta_family{.model_type = "roberta",
                            .architecture = "Roberta",
                            .prefix = kPrefix,
                            .read_config = read_roberta_config,
                            .encoder = kBertEncoderNames,
                            .head = kHead};

const Family xlm_roberta_family{.model_type = "xlm-roberta",
                                .architecture = "XLMRoberta",
                                .prefix = kPrefix,
                                .read_config = read_config,
                                .encoder = kBertEncoderNames,
                                .head = kHead};

const Family camembert_family{.model_type = "camembert",
                              .architecture = "Camembert",
                              .prefix = kPrefix,
                              .read_config = read_config,
                              .encoder = kBertEncoderNames,
                              .head = kHead};

}  // namespace fastintent
