#pragma once

#include <string_view>

#include "checkpoint/json_document.h"
#include "model/encoder_config.h"

namespace fastintent {

/// Hugging Face names of an encoder's tensors, without the family's prefix. Tables have their full
/// name; a linear layer or norm has it without ".weight" and ".bias".
struct EncoderNames {
  std::string_view word;
  std::string_view position;  ///< empty: the family has no position embeddings
  std::string_view segment;   ///< empty: the family has no segment embeddings
  std::string_view embedding_norm;
  std::string_view layers;  ///< layer N is "<layers>.N."; the names below follow it
  std::string_view query;
  std::string_view key;
  std::string_view value;
  std::string_view query_key_value = {};  ///< one tensor with the three, whose names are empty then
  std::string_view attention_output;
  std::string_view attention_norm;
  std::string_view intermediate;
  std::string_view output;
  /// Under NormPlacement::before that of the next layer's attention; the last has a name of its own.
  std::string_view output_norm;
  std::string_view final_norm = {};  ///< complete; empty: the last layer's norm is as the others'
  /// A dense layer of the plain encoder behind its layers; empty: the family has none. A head may
  /// use it; a folder whose head does not has it as well.
  std::string_view pooler;
  /// The dense layer that brings embeddings to the layers' width; empty: the family has none.
  std::string_view embedding_projection = {};
  /// The table of attention's distance bias, which all layers share; empty: the family has none.
  std::string_view distance_bias = {};
};

/// Names of the linear layers and the norm of the family's own head.
struct HeadNames {
  std::string_view dense;
  std::string_view norm = {};  ///< empty: the head has none
  std::string_view classifier;
};

/// The differences between one family of encoders and the others, as data: how its configuration is
/// read and how its tensors are named.
struct Family {
  std::string_view model_type;    ///< in config.json
  std::string_view architecture;  ///< within class names: "Bert" of "BertModel"
  std::string_view prefix;        ///< of encoder tensors in a model with a head, with its dot
  /// Sets all of EncoderConfig except `family` and `initializer_range`. Throws bad_checkpoint for a
  /// missing or impossible value, and for anything that the family does not support.
  EncoderConfig (*read_config)(const JsonDocument& config);
  EncoderNames encoder;
  HeadNames head;

  /// Whether a head tensor belongs to the plain encoder of transformers, and so carries the prefix.
  bool is_in_encoder(std::string_view head_tensor) const;
};

}  // namespace fastintent
