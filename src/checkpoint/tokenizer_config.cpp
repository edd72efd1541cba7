#include "checkpoint/tokenizer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "fastintent/error.h"

namespace fastintent {

namespace {

// Each is BertTokenizer under another name. transformers drops "Fast" from the name of a class.
constexpr std::string_view kBertClasses[] = {"BertTokenizer",
                                             "DistilBertTokenizer",
                                             "ElectraTokenizer",
                                             "LayoutLMTokenizer",
                                             "LxmertTokenizer",
                                             "MobileBertTokenizer",
                                             "SqueezeBertTokenizer"};
// These do what tokenizer.json says. The classes of single families build their tokenizer anew from
// its vocabulary: ordinary texts have the same ids, rare ones need not, and the file is what the model
// was trained with.
constexpr std::string_view kFileClasses[] = {"PreTrainedTokenizer",
                                             "TokenizersBackend",
                                             "AlbertTokenizer",
                                             "CamembertTokenizer",
                                             "DebertaTokenizer",
                                             "DebertaV2Tokenizer",
                                             "GPT2Tokenizer",
                                             "GemmaTokenizer",
                                             "MPNetTokenizer",
                                             "RobertaTokenizer",
                                             "XLMRobertaTokenizer"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void fail(const JsonDocument& document,
                       std::string_view expected,
                       std::string_view found) {
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format("read tokenizer: expected {}, found {} ({})", expected, found, document.name()));
}

TokenizerRules rules_of_class(const JsonDocument& document, const SnapshotPath& folder) {
  const std::string name = document.text("tokenizer_class");
  std::string_view slow = name;
  if (slow.ends_with("Fast")) {
    slow.remove_suffix(4);
  }
  if (contains(kBertClasses, slow)) {
    return TokenizerRules::bert_class;
  }
  if (!contains(kFileClasses, slow)) {
    fail(document,
         "BertTokenizer, a class with its rules, or PreTrainedTokenizerFast as tokenizer_class",
         fmt::format("\"{}\", which divides texts by other rules", name.substr(0, 80)));
  }
  if (!(folder / "tokenizer.json").exists()) {
    fail(document,
         fmt::format("a tokenizer.json, which has the rules of {}", name),
         "none. Save the tokenizer with Python's transformers, save_pretrained(FOLDER)");
  }
  return TokenizerRules::tokenizer_json;
}

TokenizerRules choose_rules(const JsonDocument& document, const SnapshotPath& folder) {
  if (document.has("tokenizer_class")) {
    return rules_of_class(document, folder);
  }
  const JsonDocument model = JsonDocument::read_or_empty(folder / "config.json");
  if (model.has("tokenizer_class")) {
    return rules_of_class(model, folder);
  }
  const bool any_model = !model.has("model_type");
  return any_model && (folder / "tokenizer.json").exists() ? TokenizerRules::tokenizer_json
                                                           : TokenizerRules::bert_class;
}

// Settings that change the tokens of a text, and are not followed.
void refuse_unsupported(const JsonDocument& document) {
  const std::string words = document.text_or("word_tokenizer_type", "basic");
  if (words != "basic") {
    fail(document, "\"basic\" as word_tokenizer_type", fmt::format("\"{}\"", words.substr(0, 80)));
  }
  if (document.boolean_or("split_special_tokens", false)) {
    fail(document, "false as split_special_tokens", "true");
  }
}

}  // namespace

JsonDocument read_tokenizer_header(const SnapshotPath& file) {
  const NumberSink ids{{"model", "vocab"}, [](std::string&, uint64_t) { return true; }};
  const auto any = [](ItemSink::Item&) { return true; };
  const ItemSink scores{{"model", "vocab"}, any, nullptr};
  const ItemSink merges{{"model", "merges"}, any, nullptr};
  return JsonDocument::read(file, {&ids, {&scores, &merges}}).with_errors(kTokenizerErrors);
}

std::string tokenizer_model_type(const JsonDocument& tokenizer_json) {
  // Files of old versions, which had WordPiece only, omit it.
  return tokenizer_json.section("model").text_or("type", "WordPiece");
}

TokenizerConfig read_tokenizer_config(const SnapshotPath& folder) {
  TokenizerConfig config{JsonDocument::read_or_empty(folder / "tokenizer_config.json")};
  config.rules = choose_rules(config.document, folder);
  refuse_unsupported(config.document);
  if (config.rules == TokenizerRules::bert_class) {
    config.lower_case = config.document.boolean_or("do_lower_case", true);
    config.strip_accents = config.document.boolean_or("strip_accents", config.lower_case);
    config.space_cjk = config.document.boolean_or("tokenize_chinese_chars", true);
  }
  return config;
}

}  // namespace fastintent
