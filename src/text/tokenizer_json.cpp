#include <fmt/format.h>

#include <utility>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"
#include "text/tokenizer_settings.h"

namespace fastintent {

using nlohmann::json;

namespace {

// An id in a tokenizer file: an integer from 0 that leaves room for more ids after it.
bool is_token_id(uint64_t number) {
  // Half of the ids, so that added tokens after them cannot overflow.
  constexpr uint64_t kMaxId = uint64_t{1} << 30;
  return number < kMaxId;
}

bool is_token_id(const json& value) {
  return value.is_number_unsigned() && is_token_id(value.get<uint64_t>());
}

// Unlike JsonDocument::integer, it refuses a whole number written as a float, as `tokenizers` does.
size_t read_count(const JsonDocument& section, const char* key) {
  const auto found = section.value().find(key);
  if (found == section.value().end() || !found->is_number_integer()) {
    section.fail(key, "an integer");
  }
  const auto count = found->get<int64_t>();
  if (count < 0) {
    section.fail(key, "a count");
  }
  return static_cast<size_t>(count);
}

void require_type(const JsonDocument& section, const char* type) {
  if (section.text_or("type", "") != type) {
    section.fail("type", fmt::format("\"{}\"", type));
  }
}

NormalizerOptions read_normalizer(const JsonDocument& top) {
  if (!top.has("normalizer")) {
    return {false, false, false, false};
  }
  const JsonDocument section = top.section("normalizer");
  NormalizerOptions options;
  options.clean_text = section.boolean_or("clean_text", true);
  options.space_cjk = section.boolean_or("handle_chinese_chars", true);
  options.lower_case = section.boolean_or("lowercase", true);
  options.strip_accents = section.boolean_or("strip_accents", options.lower_case);
  return options;
}

// The ids have been removed: any remaining member is not an id.
void require_ids_only(const JsonDocument& vocabulary) {
  if (!vocabulary.value().empty()) {
    vocabulary.fail(vocabulary.value().begin().key(), "an id");
  }
}

WordPieceOptions read_model(const JsonDocument& section) {
  WordPieceOptions model;
  model.unknown_token = section.text("unk_token");
  model.continuation_prefix = section.text("continuing_subword_prefix");
  model.max_characters_per_word = read_count(section, "max_input_chars_per_word");
  return model;
}

// A special token of BertProcessing: ["[SEP]", 102].
int32_t read_pair(const JsonDocument& section, const char* key) {
  const json& pair = section.array(key);
  if (pair.size() != 2 || !is_token_id(pair[1])) {
    section.fail(key, "a token and its id");
  }
  return pair[1].get<int32_t>();
}

// The ids of one special token of a template.
void append_special(const JsonDocument& processor,
                    const std::string& token,
                    std::vector<int32_t>& ids) {
  const JsonDocument section = processor.section("special_tokens").section(token);
  for (const json& id : section.array("ids")) {
    if (!is_token_id(id)) {
      section.fail("ids", "ids");
    }
    ids.push_back(id.get<int32_t>());
  }
}

void read_template(const JsonDocument& processor, TokenizerSettings& settings) {
  int sequences = 0;
  for (const json& value : processor.array("single")) {
    const JsonDocument piece = processor.section("single[]", value);
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

void read_post_processor(const JsonDocument& top, TokenizerSettings& settings) {
  if (!top.has("post_processor")) {
    return;
  }
  const JsonDocument processor = top.section("post_processor");
  if (processor.text_or("type", "") == "BertProcessing") {
    settings.ids_before.push_back(read_pair(processor, "cls"));
    settings.ids_after.push_back(read_pair(processor, "sep"));
    return;
  }
  require_type(processor, "TemplateProcessing");
  read_template(processor, settings);
}

}  // namespace

TokenizerFile read_tokenizer_file(const SnapshotPath& file) {
  Vocabulary vocabulary;
  const NumberSink ids{{"model", "vocab"}, [&](std::string& token, uint64_t id) {
                         if (!is_token_id(id)) {
                           return false;
                         }
                         vocabulary.set(std::move(token), static_cast<int32_t>(id));
                         return true;
                       }};
  const JsonDocument top = JsonDocument::read(file, &ids).with_errors(kTokenizerErrors);
  if (top.has("normalizer")) {
    require_type(top.section("normalizer"), "BertNormalizer");
  }
  require_type(top.section("pre_tokenizer"), "BertPreTokenizer");
  const JsonDocument model = top.section("model");
  if (model.has("type")) {  // files of old versions omit it
    require_type(model, "WordPiece");
  }
  require_ids_only(model.section("vocab"));
  return {top, std::move(vocabulary)};
}

TokenizerSettings settings_of_file(TokenizerFile file) {
  const JsonDocument& top = file.document;
  TokenizerSettings settings;
  settings.file = top.name();
  settings.normalizer = read_normalizer(top);
  settings.model = read_model(top.section("model"));
  settings.model.vocabulary = std::move(file.vocabulary);
  if (settings.model.vocabulary.find(settings.model.unknown_token) < 0) {
    fail_token("model's unk_token", settings.model.unknown_token, settings.file);
  }
  read_post_processor(top, settings);
  return settings;
}

}  // namespace fastintent
