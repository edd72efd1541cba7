#include "model/saved_tokenizer.h"

#include <algorithm>

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

// Special tokens that the classes of the families have where no file names them, in the order in
// which they are tried.
constexpr struct {
  const char* key;
  const char* contents[2];
} kSpecialTokens[] = {{"cls_token", {"<s>", "[CLS]"}},
                      {"sep_token", {"</s>", "[SEP]"}},
                      {"unk_token", {"<unk>", "[UNK]"}},
                      {"pad_token", {"<pad>", "[PAD]"}},
                      {"mask_token", {"<mask>", "[MASK]"}}};

bool is_added_token(const JsonDocument& file, const std::string& content) {
  if (!file.has("added_tokens")) {
    return false;
  }
  const json& tokens = file.array("added_tokens");
  return std::any_of(tokens.begin(), tokens.end(), [&](const json& token) {
    const auto found = token.is_object() ? token.find("content") : token.end();
    return found != token.end() && *found == content;
  });
}

// The class that does what tokenizer.json says; it names no special tokens of its own.
void follow_tokenizer_json(const JsonDocument& file, JsonTree& document) {
  document.renew("tokenizer_class") = "PreTrainedTokenizerFast";
  json& inputs = document.renew("model_input_names") = json::array();
  inputs.push_back("input_ids");
  inputs.push_back("attention_mask");
  for (const auto& [key, contents] : kSpecialTokens) {
    for (const char* content : contents) {
      if (!document->contains(key) && is_added_token(file, content)) {
        document.renew(key) = content;
      }
    }
  }
}

}  // namespace

JsonTree saved_tokenizer_config(const TokenizerConfig& config,
                                const JsonDocument* file,
                                int max_length) {
  JsonTree document(config.document.value());
  document.renew("model_max_length") = max_length;
  if (file != nullptr && tokenizer_model_type(*file) != "WordPiece") {
    follow_tokenizer_json(*file, document);
    return document;
  }
  if (config.rules == TokenizerRules::bert_class) {
    document.renew("do_lower_case") = config.lower_case;
    document.renew("strip_accents") = config.strip_accents;
    document.renew("tokenize_chinese_chars") = config.space_cjk;
  }
  return document;
}

std::optional<JsonTree> saved_tokenizer_json(const SnapshotPath& file,
                                             const TokenizerConfig& config) {
  if (config.rules != TokenizerRules::bert_class ||
      tokenizer_model_type(read_tokenizer_header(file)) != "WordPiece") {
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
