#include "model/saved_tokenizer.h"

namespace fastintent {

using nlohmann::json;

json saved_tokenizer_config(const TokenizerConfig& config, int max_length) {
  json document = config.document.value();
  document["model_max_length"] = max_length;
  if (config.rules == TokenizerRules::bert_class) {
    document["do_lower_case"] = config.lower_case;
    document["strip_accents"] = config.strip_accents;
    document["tokenize_chinese_chars"] = config.space_cjk;
  }
  return document;
}

std::optional<json> saved_tokenizer_json(const SnapshotPath& file, const TokenizerConfig& config) {
  if (config.rules != TokenizerRules::bert_class) {
    return std::nullopt;
  }
  json document = JsonDocument::read(file).value();
  const json normalizer = {{"type", "BertNormalizer"},
                           {"clean_text", true},
                           {"handle_chinese_chars", config.space_cjk},
                           {"strip_accents", config.strip_accents},
                           {"lowercase", config.lower_case}};
  json found = document.value("normalizer", json());
  if (found.is_object() && found.value("strip_accents", json()).is_null()) {
    found["strip_accents"] = found.value("lowercase", json());
  }
  if (found == normalizer) {
    return std::nullopt;
  }
  document["normalizer"] = normalizer;
  return document;
}

}  // namespace fastintent
