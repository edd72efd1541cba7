#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/json_document.h"
#include "compute/backend.h"

namespace fastintent {

enum class ModelFamily { bert, distilbert };

/// Sizes and rates of an encoder, as its config.json gives them under either family's names.
struct EncoderConfig {
  ModelFamily family = ModelFamily::bert;
  int64_t vocabulary = 0;
  int64_t hidden = 0;  // H
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t intermediate = 0;  // I
  int64_t positions = 0;
  int64_t segments = 0;  // 0: the family has no segment embeddings
  float norm_epsilon = 1e-12F;
  float initializer_range = 0.02F;
  float hidden_dropout = 0.1F;
  float attention_dropout = 0.1F;
  float head_dropout = 0.1F;
};

/// How the encoder's rows become logits.
enum class HeadKind {
  pooler,  ///< the family's own: first token, dense with tanh (BERT) or ReLU (DistilBERT),
           ///< classifier
  cls,     ///< first token, classifier
  mean,    ///< mean of all tokens, classifier
};

struct ModelConfig {
  EncoderConfig encoder;
  HeadKind head = HeadKind::pooler;
  std::vector<std::string> intents;  // by id; empty while the folder has no trained head

  Pooling pooling() const { return head == HeadKind::mean ? Pooling::mean : Pooling::first_token; }
  bool has_dense() const { return head == HeadKind::pooler; }
  Activation dense_activation() const {
    return encoder.family == ModelFamily::bert ? Activation::tanh : Activation::relu;
  }
};

/// Reads the sizes from config.json. Throws bad_checkpoint for another family than bert or
/// distilbert, a missing or impossible size, another activation than exact GELU, or relative
/// positions.
EncoderConfig read_encoder_config(const JsonDocument& config);

/// The labels of config.json's id2label, in the order of their ids; LABEL_0 and LABEL_1, which
/// transformers assumes, when there is none. Throws bad_checkpoint when ids are missing or double.
std::vector<std::string> read_intents(const JsonDocument& config);

}  // namespace fastintent
