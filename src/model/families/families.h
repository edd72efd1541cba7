#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/family.h"

namespace fastintent {

// One declaration per family; the definition is in the file of its name, its row in families.cpp.
extern const Family bert_family;
extern const Family distilbert_family;
extern const Family roberta_family;
extern const Family xlm_roberta_family;
extern const Family camembert_family;
extern const Family mpnet_family;
extern const Family electra_family;
extern const Family modernbert_family;

/// Reads the configuration of BERT, whose keys other families share.
EncoderConfig read_bert_config(const JsonDocument& config);

/// The tensors of BERT's encoder, whose names other families share.
inline constexpr EncoderNames kBertEncoderNames{
    .word = "embeddings.word_embeddings.weight",
    .position = "embeddings.position_embeddings.weight",
    .segment = "embeddings.token_type_embeddings.weight",
    .embedding_norm = "embeddings.LayerNorm",
    .layers = "encoder.layer",
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
    .attention_output = "attention.output.dense",
    .attention_norm = "attention.output.LayerNorm",
    .intermediate = "intermediate.dense",
    .output = "output.dense",
    .output_norm = "output.LayerNorm",
    .pooler = "pooler.dense"};

/// Every family, in the order in which messages list them.
std::span<const Family* const> families();

/// Returns nullptr when no family has this model_type.
const Family* find_family(std::string_view model_type);

/// The model types of all families, quoted, for messages: "bert" or "distilbert".
std::string known_families();

}  // namespace fastintent
