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

/// Reads the configuration of BERT, whose keys other families share.
EncoderConfig read_bert_config(const JsonDocument& config);

/// Every family, in the order in which messages list them.
std::span<const Family* const> families();

/// Returns nullptr when no family has this model_type.
const Family* find_family(std::string_view model_type);

/// The model types of all families, quoted, for messages: "bert" or "distilbert".
std::string known_families();

}  // namespace fastintent
