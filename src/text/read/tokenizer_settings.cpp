#include "text/read/tokenizer_settings.h"

#include <fmt/format.h>

#include <string_view>

#include "fastintent/error.h"
#include "text/read/added_token_files.h"

namespace fastintent {

namespace {

// The id of a special token: the vocabulary's, or that of a token which a file lists.
int32_t id_of(const char* key,
              const FolderTokens& tokens,
              const Vocabulary& vocabulary,
              const std::string& file) {
  const std::string& content = tokens.special.at(key);
  const std::vector<int32_t> ids = assign_ids(tokens.added, vocabulary);
  int32_t id = vocabulary.find(content);
  for (size_t i = 0; i < tokens.listed && id < 0; ++i) {
    id = tokens.added[i].content == content ? ids[i] : -1;
  }
  if (id < 0) {
    fail_token(key, content, file);
  }
  return id;
}

// BertTokenizer of a vocabulary.
TokenizerSettings bert_settings(const TokenizerConfig& config,
                                const FolderTokens& tokens,
                                Vocabulary vocabulary,
                                const std::string& file) {
  WordPieceSettings wordpiece;
  wordpiece.normalizer.lower_case = config.lower_case;
  wordpiece.normalizer.strip_accents = config.strip_accents;
  wordpiece.normalizer.space_cjk = config.space_cjk;
  wordpiece.model.unknown_token = tokens.special.at("unk_token");
  if (vocabulary.find(wordpiece.model.unknown_token) < 0) {
    fail_token("unk_token", wordpiece.model.unknown_token, file);
  }
  TokenizerSettings settings;
  settings.file = file;
  settings.added_tokens = tokens.added;
  settings.ids_before = {id_of("cls_token", tokens, vocabulary, file)};
  settings.ids_after = {id_of("sep_token", tokens, vocabulary, file)};
  wordpiece.model.vocabulary = std::move(vocabulary);
  settings.pipeline = std::move(wordpiece);
  return settings;
}

// Whether the value of `key` is `left`; the other value is `right`, which is also the default.
bool is_left(const JsonDocument& document,
             const char* key,
             std::string_view left,
             std::string_view right) {
  const std::string side = document.text_or(key, std::string(right));
  if (side != left && side != right) {
    document.fail(key, fmt::format("\"{}\" or \"{}\"", left, right));
  }
  return side == left;
}

// Whether texts that are too long lose their beginning. tokenizer_config.json overrules tokenizer.json,
// which is null where there is none.
bool keeps_end(const JsonDocument& config, const JsonDocument* file) {
  if (config.has("truncation_side")) {
    return is_left(config, "truncation_side", "left", "right");
  }
  return file != nullptr && file->has("truncation") &&
         is_left(file->section("truncation"), "direction", "Left", "Right");
}

TokenizerSettings read_with_file(const SnapshotPath& folder,
                                 const SnapshotPath& path,
                                 TokenizerConfig config) {
  TokenizerFile file = read_tokenizer_file(path);
  const bool end = keeps_end(config.document, &file.document);
  if (!std::holds_alternative<Vocabulary>(file.model)) {
    config.rules = TokenizerRules::tokenizer_json;  // the Bert classes have WordPiece only
  }
  const FolderTokens tokens = read_added_tokens(folder, config, &file.document, file.tokens());
  TokenizerSettings settings;
  if (config.rules == TokenizerRules::bert_class) {
    settings =
        bert_settings(config, tokens, std::get<Vocabulary>(std::move(file.model)), path.string());
  } else {
    settings = settings_of_file(std::move(file));
    settings.added_tokens = tokens.added;
  }
  settings.keeps_end = end;
  return settings;
}

}  // namespace

TokenizerSettings read_tokenizer_settings(const SnapshotPath& folder) {
  const TokenizerConfig config = read_tokenizer_config(folder);
  if (const SnapshotPath file = folder / "tokenizer.json"; file.exists()) {
    return read_with_file(folder, file, config);
  }
  if (const SnapshotPath file = folder / "vocab.txt"; file.exists()) {
    Vocabulary vocabulary = read_vocab_txt(file);
    const FolderTokens tokens = read_added_tokens(folder, config, nullptr, vocabulary);
    TokenizerSettings settings =
        bert_settings(config, tokens, std::move(vocabulary), file.string());
    settings.keeps_end = keeps_end(config.document, nullptr);
    return settings;
  }
  throw Error(
      ErrorCode::missing_input,
      fmt::format("read tokenizer: expected tokenizer.json or vocab.txt, found neither ({})",
                  folder.string()));
}

void fail_token(const char* key, const std::string& token, const std::string& file) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("read tokenizer: expected the {} in the vocabulary, found no '{}' ({})",
                          key,
                          token,
                          file));
}

}  // namespace fastintent
