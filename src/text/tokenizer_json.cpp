#include <fmt/format.h>

#include <utility>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"
#include "text/json_section.h"
#include "text/tokenizer_settings.h"

namespace fastintent {

using nlohmann::json;

namespace {

void require_type(const JsonSection& section, const char* type) {
  if (section.text_or("type", "") != type) {
    section.fail("type", fmt::format("\"{}\"", type).c_str());
  }
}

NormalizerOptions read_normalizer(const JsonSection& top) {
  if (!top.has("normalizer")) {
    return {false, false, false, false};
  }
  const JsonSection section = top.section("normalizer");
  require_type(section, "BertNormalizer");
  NormalizerOptions options;
  options.clean_text = section.boolean_or("clean_text", true);
  options.space_cjk = section.boolean_or("handle_chinese_chars", true);
  options.lower_case = section.boolean_or("lowercase", true);
  options.strip_accents = section.boolean_or("strip_accents", options.lower_case);
  return options;
}

WordPieceOptions read_model(const JsonSection& section) {
  if (section.has("type")) {  // files of old versions omit it
    require_type(section, "WordPiece");
  }
  WordPieceOptions model;
  model.unknown_token = section.text("unk_token");
  model.continuation_prefix = section.text("continuing_subword_prefix");
  const int64_t limit = section.integer("max_input_chars_per_word");
  if (limit < 0) {
    section.fail("max_input_chars_per_word", "a count");
  }
  model.max_characters_per_word = static_cast<size_t>(limit);
  // The ids have been removed: any remaining member is not an id.
  const JsonSection vocabulary = section.section("vocab");
  if (!vocabulary.value().empty()) {
    vocabulary.fail(vocabulary.value().begin().key(), "an id");
  }
  return model;
}

std::vector<AddedToken> read_added_tokens(const JsonSection& top) {
  std::vector<AddedToken> tokens;
  if (!top.has("added_tokens")) {
    return tokens;
  }
  for (const json& value : top.array("added_tokens")) {
    const JsonSection section(value, fmt::format("added_tokens[{}]", tokens.size()), top.file());
    tokens.push_back(read_added_token(section, /*normalized=*/true));
  }
  return tokens;
}

// A special token of BertProcessing: ["[SEP]", 102].
int32_t read_pair(const JsonSection& section, const char* key) {
  const json& pair = section.array(key);
  if (pair.size() != 2 || !is_token_id(pair[1])) {
    section.fail(key, "a token and its id");
  }
  return pair[1].get<int32_t>();
}

// The ids of one special token of a template.
void append_special(const JsonSection& processor,
                    const std::string& token,
                    std::vector<int32_t>& ids) {
  const JsonSection section = processor.section("special_tokens").section(token.c_str());
  for (const json& id : section.array("ids")) {
    if (!is_token_id(id)) {
      section.fail("ids", "ids");
    }
    ids.push_back(id.get<int32_t>());
  }
}

void read_template(const JsonSection& processor, TokenizerSettings& settings) {
  int sequences = 0;
  for (const json& value : processor.array("single")) {
    const JsonSection piece(value, processor.path("single[]"), processor.file());
    if (piece.has("SpecialToken")) {
      append_special(processor,
                     piece.section("SpecialToken").text("id"),
                     sequences == 0 ? settings.ids_before : settings.ids_after);
    } else if (piece.section("Sequence").text("id") == "A") {
      ++sequences;
    } else {
      piece.fail("Sequence", "sequence A");
    }
  }
  if (sequences != 1) {
    processor.fail("single", "a template that has sequence A once");
  }
}

void read_post_processor(const JsonSection& top, TokenizerSettings& settings) {
  if (!top.has("post_processor")) {
    return;
  }
  const JsonSection processor = top.section("post_processor");
  if (processor.text_or("type", "") == "BertProcessing") {
    settings.ids_before.push_back(read_pair(processor, "cls"));
    settings.ids_after.push_back(read_pair(processor, "sep"));
    return;
  }
  require_type(processor, "TemplateProcessing");
  read_template(processor, settings);
}

}  // namespace

TokenizerSettings read_tokenizer_json(const std::filesystem::path& file) {
  Vocabulary vocabulary;
  const NumberSink ids{{"model", "vocab"}, [&](std::string& token, uint64_t id) {
                         if (!is_token_id(id)) {
                           return false;
                         }
                         vocabulary.set(std::move(token), static_cast<int32_t>(id));
                         return true;
                       }};
  const JsonDocument document = JsonDocument::read(file, &ids);
  const JsonSection top(document.value(), "", document.name());
  TokenizerSettings settings;
  settings.file = document.name();
  settings.normalizer = read_normalizer(top);
  require_type(top.section("pre_tokenizer"), "BertPreTokenizer");
  settings.model = read_model(top.section("model"));
  settings.model.vocabulary = std::move(vocabulary);
  require_token(settings, settings.model.unknown_token, "model's unk_token");
  settings.added_tokens = read_added_tokens(top);
  read_post_processor(top, settings);
  return settings;
}

}  // namespace fastintent
