#include "model/saved_tokenizer.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The normalizer of tokenizer.json with the rules of `config`.
void write_normalizer(const TokenizerConfig& config, json& normalizer) {
  normalizer = json::object();
  normalizer["type"] = "BertNormalizer";
  normalizer["clean_text"] = true;
  normalizer["handle_chinese_chars"] = config.space_cjk;
  normalizer["strip_accents"] = config.strip_accents;
  normalizer["lowercase"] = config.lower_case;
}

// Whether `found` has the rules of `normalizer`. Without strip_accents, its lowercase decides.
bool same_rules(const json& found, const json& normalizer) {
  JsonTree spelled_out(found);
  const auto strips = found.is_object() ? found.find("strip_accents") : found.end();
  const auto lowers = found.is_object() ? found.find("lowercase") : found.end();
  if (lowers != found.end() && lowers->is_boolean() &&
      (strips == found.end() || strips->is_null())) {
    spelled_out.renew("strip_accents") = lowers->get<bool>();
  }
  return *spelled_out == normalizer;
}

}  // namespace

JsonTree saved_tokenizer_config(const TokenizerConfig& config, int max_length) {
  JsonTree document(config.document.value());
  document.renew("model_max_length") = max_length;
  if (config.rules == TokenizerRules::bert_class) {
    document.renew("do_lower_case") = config.lower_case;
    document.renew("strip_accents") = config.strip_accents;
    document.renew("tokenize_chinese_chars") = config.space_cjk;
  }
  return document;
}

std::optional<JsonTree> saved_tokenizer_json(const SnapshotPath& file,
                                             const TokenizerConfig& config) {
  if (config.rules != TokenizerRules::bert_class) {
    return std::nullopt;
  }
  JsonTree document(JsonDocument::read(file).value());
  JsonTree normalizer;
  write_normalizer(config, *normalizer);
  const auto found = document->find("normalizer");
  if (found != document->end() && same_rules(*found, *normalizer)) {
    return std::nullopt;
  }
  write_normalizer(config, document.renew("normalizer"));
  return document;
}

}  // namespace fastintent
