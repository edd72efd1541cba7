#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/mapped_file.h"
#include "base/utf8.h"
#include "checkpoint/json_document.h"
#include "fastintent/error.h"
#include "text/character_tables.h"
#include "text/tokenizer_settings.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The limit of JSON files: no vocabulary is that large.
constexpr size_t kMaxVocabularyBytes = kMaxJsonBytes;

// The flag `normalized` of a token whose entry in the configuration has none.
constexpr bool kNormalizedByDefault = false;

std::string_view without_trailing_space(std::string_view line) {
  while (!line.empty()) {
    size_t last = line.size() - 1;
    while (is_utf8_continuation(line[last])) {
      --last;
    }
    if (!character_class(decode_utf8(line.data() + last).code_point).is_space) {
      break;
    }
    line = line.substr(0, last);
  }
  return line;
}

// One token per line; its id is the number of its line, from 0. Of equal tokens the last counts.
Vocabulary read_vocabulary(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  std::string_view text = mapped.text();
  if (text.size() > kMaxVocabularyBytes || valid_utf8_prefix(text) != text.size()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read tokenizer: expected UTF-8 of at most {} bytes, found {} bytes, "
                            "the first {} UTF-8 ({})",
                            kMaxVocabularyBytes,
                            text.size(),
                            valid_utf8_prefix(text),
                            file.string()));
  }
  Vocabulary vocabulary;
  for (int32_t id = 0; !text.empty(); ++id) {
    const size_t end = std::min(text.find('\n'), text.size());
    vocabulary.set(std::string(without_trailing_space(text.substr(0, end))), id);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return vocabulary;
}

// A special token: in the configuration a string or an object with flags.
AddedToken special_token(const JsonDocument& config, const char* key, const char* fallback) {
  AddedToken token;
  token.content = fallback;
  if (!config.has(key)) {
    return token;
  }
  if (config.value().at(key).is_object()) {
    return read_added_token(config.section(key), kNormalizedByDefault);
  }
  token.content = config.text(key);
  return token;
}

void add_unless_known(const AddedToken& token, std::vector<AddedToken>& tokens) {
  if (std::none_of(tokens.begin(), tokens.end(), [&](const AddedToken& known) {
        return known.content == token.content;
      })) {
    tokens.push_back(token);
  }
}

// The tokens that the configuration lists by id, in that order.
std::vector<AddedToken> listed_tokens(const JsonDocument& config) {
  std::vector<AddedToken> tokens;
  if (!config.has("added_tokens_decoder")) {
    return tokens;
  }
  const JsonDocument listed = config.section("added_tokens_decoder");
  std::map<size_t, std::map<std::string, AddedToken>> by_id;  // "2" before "10"
  for (const auto& [id, value] : listed.value().items()) {
    by_id[id.size()].emplace(id, read_added_token(listed.section(id), kNormalizedByDefault));
  }
  for (const auto& [digits, same_length] : by_id) {
    for (const auto& [id, token] : same_length) {
      tokens.push_back(token);
    }
  }
  return tokens;
}

}  // namespace

TokenizerSettings read_vocab_txt(const std::filesystem::path& file) {
  const std::filesystem::path config_file = file.parent_path() / "tokenizer_config.json";
  const JsonDocument document = std::filesystem::exists(config_file)
                                    ? JsonDocument::read(config_file)
                                    : JsonDocument::parse("{}", config_file.string());
  const JsonDocument config = document.with_errors(kTokenizerErrors);
  TokenizerSettings settings;
  settings.file = file.string();
  settings.model.vocabulary = read_vocabulary(file);
  settings.normalizer.lower_case = config.boolean_or("do_lower_case", true);
  settings.normalizer.space_cjk = config.boolean_or("tokenize_chinese_chars", true);
  settings.normalizer.strip_accents =
      config.boolean_or("strip_accents", settings.normalizer.lower_case);

  settings.added_tokens = listed_tokens(config);
  const AddedToken unknown = special_token(config, "unk_token", "[UNK]");
  const AddedToken separator = special_token(config, "sep_token", "[SEP]");
  const AddedToken padding = special_token(config, "pad_token", "[PAD]");
  const AddedToken classifier = special_token(config, "cls_token", "[CLS]");
  const AddedToken mask = special_token(config, "mask_token", "[MASK]");
  for (const AddedToken& token : {unknown, separator, padding, classifier, mask}) {
    add_unless_known(token, settings.added_tokens);
  }
  settings.model.unknown_token = unknown.content;
  require_token(settings, unknown.content, "unk_token");
  settings.ids_before = {require_token(settings, classifier.content, "cls_token")};
  settings.ids_after = {require_token(settings, separator.content, "sep_token")};
  return settings;
}

}  // namespace fastintent
