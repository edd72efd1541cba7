#pragma once

#include <string>
#include <vector>

#include "checkpoint/json_document.h"
#include "model/encoder_config.h"

namespace fastintent {

/// How the encoder's rows become logits.
enum class HeadKind {
  pooler,  ///< the family's own head, EncoderConfig::own_head
  cls,     ///< first token, classifier
  mean,    ///< mean of all tokens, classifier
};

struct ModelConfig {
  EncoderConfig encoder;
  HeadKind head = HeadKind::pooler;
  std::vector<std::string> intents;  // by id; empty while the folder has no trained head

  HeadShape head_shape() const;
  Pooling pooling() const { return head_shape().pooling; }
  bool has_dense() const { return head_shape().has_dense; }
  Activation dense_activation() const { return head_shape().dense_activation; }
};

/// Reads config.json through the family of its model_type. Throws bad_checkpoint for an unknown
/// family, with a list of the known ones, for a missing or impossible size, and for anything that
/// the family does not support.
EncoderConfig read_encoder_config(const JsonDocument& config);

/// Throws bad_checkpoint when config.json describes another head than a classifier that gives each
/// text one intent: `architectures` (classifiers of tokens, language models …) or `problem_type`
/// (scores, several labels for a text).
void require_intent_classifier(const JsonDocument& config);

/// Returns the labels of config.json's id2label, in the order of their ids. A label may be a whole
/// number. Without id2label, or where num_labels is another number, the labels are LABEL_0, LABEL_1
/// …, as in transformers; two where both are absent. Throws bad_checkpoint when ids are missing or repeated, labels are repeated,
/// or there is one label only.
std::vector<std::string> read_intents(const JsonDocument& config);

}  // namespace fastintent
