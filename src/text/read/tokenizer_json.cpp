#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "checkpoint/json_document.h"
#include "checkpoint/tokenizer_config.h"
#include "fastintent/error.h"
#include "text/read/normalizer_json.h"
#include "text/read/post_processor.h"
#include "text/read/pre_tokenizer_json.h"
#include "text/read/score.h"
#include "text/read/token_id.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {

using nlohmann::json;

namespace {

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

// What was passed to the sinks has been removed: any remaining member is not an id.
void require_ids_only(const JsonDocument& model) {
  const JsonDocument vocabulary = model.section("vocab");
  if (!vocabulary.value().empty()) {
    vocabulary.fail(vocabulary.value().begin().key(), "an id");
  }
}

void require_wordpiece(const JsonDocument& top) {
  if (top.has("normalizer")) {
    require_type(top.section("normalizer"), "BertNormalizer");
  }
  require_type(top.section("pre_tokenizer"), "BertPreTokenizer");
  require_ids_only(top.section("model"));
}

BertNormalizerOptions read_normalizer(const JsonDocument& top) {
  if (!top.has("normalizer")) {
    return {false, false, false, false};
  }
  return read_bert_normalizer(top.section("normalizer"));
}

WordPieceOptions read_wordpiece(const JsonDocument& section) {
  WordPieceOptions model;
  model.unknown_token = section.text("unk_token");
  model.continuation_prefix = section.text("continuing_subword_prefix");
  model.max_characters_per_word = read_count(section, "max_input_chars_per_word");
  return model;
}

UnigramSettings unigram_settings(const JsonDocument& top, UnigramOptions options) {
  const JsonDocument model = top.section("model");
  model.array("vocab");
  const size_t unknown = read_count(model, "unk_id");
  if (unknown >= options.tokens.size()) {
    model.fail("unk_id", fmt::format("an id of the {} tokens", options.tokens.size()));
  }
  options.unknown_id = static_cast<int32_t>(unknown);
  options.byte_fallback = model.boolean_or("byte_fallback", false);
  UnigramSettings settings{
      read_normalizer_chain(top), read_metaspace_splitter(top, top.has("normalizer")), nullptr};
  try {
    settings.model = std::make_shared<const Unigram>(std::move(options));
  } catch (const std::length_error&) {
    model.fail("vocab", "tokens of at most eight million bytes");
  }
  return settings;
}

using MergeTexts = std::vector<std::pair<std::string, std::string>>;

// The two tokens of a merge: "a b" or ["a", "b"].
bool add_merge(ItemSink::Item& item, MergeTexts& merges) {
  if (item.texts.size() == 1 && item.numbers.empty()) {
    const std::string& text = item.texts[0];
    if (text.starts_with("#version")) {  // the first line of a merges.txt
      return true;
    }
    const size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      return false;
    }
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    return true;
  }
  if (item.texts.size() != 2 || !item.numbers.empty()) {
    return false;
  }
  merges.emplace_back(std::move(item.texts[0]), std::move(item.texts[1]));
  return true;
}

std::vector<BytePairOptions::Merge> merges_of(const MergeTexts& texts,
                                              const Vocabulary& vocabulary,
                                              const std::string& file) {
  std::vector<BytePairOptions::Merge> merges;
  merges.reserve(texts.size());
  const auto id_of = [&](const std::string& token) {
    const int32_t id = vocabulary.find(token);
    if (id < 0) {
      fail_token("tokens of the merges", token, file);
    }
    return id;
  };
  for (const auto& [left, right] : texts) {
    merges.push_back({id_of(left), id_of(right), id_of(left + right)});
  }
  return merges;
}

BytePairSettings byte_pair_settings(const JsonDocument& top,
                                    Vocabulary vocabulary,
                                    const MergeTexts& merges) {
  const JsonDocument model = top.section("model");
  require_ids_only(model);
  model.array("merges");
  if (model.number_or("dropout", 0) != 0) {
    model.fail("dropout", "null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.text_or(key, "").empty()) {
      model.fail(key, "null");
    }
  }
  BytePairOptions options;
  options.merges = merges_of(merges, vocabulary, top.name());
  if (model.has("unk_token")) {
    options.unknown_id = vocabulary.find(model.text("unk_token"));
    if (options.unknown_id < 0) {
      fail_token("model's unk_token", model.text("unk_token"), top.name());
    }
  }
  options.vocabulary = std::move(vocabulary);
  options.fuse_unknown = model.boolean_or("fuse_unk", false);
  options.byte_fallback = model.boolean_or("byte_fallback", false);
  options.ignore_merges = model.boolean_or("ignore_merges", false);
  const auto byte_level = read_byte_level_splitter(top);
  options.byte_level = byte_level.has_value();
  BytePairSettings settings{read_normalizer_chain(top), ByteLevelSplitter(false), nullptr};
  if (byte_level) {
    settings.splitter = *byte_level;
  } else {
    settings.splitter = read_metaspace_splitter(top, top.has("normalizer"));
  }
  try {
    settings.model = std::make_shared<const BytePair>(std::move(options));
  } catch (const std::length_error&) {
    model.fail("vocab", "tokens of at most eight million bytes");
  }
  return settings;
}

}  // namespace

TokenizerFile read_tokenizer_file(const SnapshotPath& file) {
  Vocabulary vocabulary;
  UnigramOptions pieces;
  const NumberSink ids{{"model", "vocab"}, [&](std::string& token, uint64_t id) {
                         if (!is_token_id(id)) {
                           return false;
                         }
                         vocabulary.set(std::move(token), static_cast<int32_t>(id));
                         return true;
                       }};
  const ItemSink scores{{"model", "vocab"},
                        [&](ItemSink::Item& item) {
                          if (item.texts.size() != 1 || item.numbers.size() != 1) {
                            return false;
                          }
                          pieces.tokens.push_back(std::move(item.texts[0]));
                          pieces.scores.push_back(item.numbers[0]);
                          return true;
                        },
                        parse_score};
  MergeTexts merges;
  const ItemSink pairs{
      {"model", "merges"}, [&](ItemSink::Item& item) { return add_merge(item, merges); }, nullptr};
  const JsonDocument top =
      JsonDocument::read(file, {&ids, {&scores, &pairs}}).with_errors(kTokenizerErrors);
  const JsonDocument model = top.section("model");
  const std::string type = tokenizer_model_type(top);
  if (type == "Unigram") {
    return {top, unigram_settings(top, std::move(pieces))};
  }
  if (type == "BPE") {
    return {top, byte_pair_settings(top, std::move(vocabulary), merges)};
  }
  if (type != "WordPiece") {
    model.fail("type", R"("WordPiece", "Unigram" or "BPE")");
  }
  require_wordpiece(top);
  return {top, std::move(vocabulary)};
}

TokenizerSettings settings_of_file(TokenizerFile file) {
  const JsonDocument& top = file.document;
  TokenizerSettings settings;
  settings.file = top.name();
  if (auto* unigram = std::get_if<UnigramSettings>(&file.model)) {
    settings.pipeline = std::move(*unigram);
  } else if (auto* byte_pair = std::get_if<BytePairSettings>(&file.model)) {
    settings.pipeline = std::move(*byte_pair);
  } else {
    WordPieceSettings wordpiece{read_normalizer(top), read_wordpiece(top.section("model"))};
    wordpiece.model.vocabulary = std::get<Vocabulary>(std::move(file.model));
    if (wordpiece.model.vocabulary.find(wordpiece.model.unknown_token) < 0) {
      fail_token("model's unk_token", wordpiece.model.unknown_token, settings.file);
    }
    settings.pipeline = std::move(wordpiece);
  }
  SurroundingIds ids = read_post_processor(top);
  settings.ids_before = std::move(ids.before);
  settings.ids_after = std::move(ids.after);
  return settings;
}

const TokenIds& TokenizerFile::tokens() const {
  if (const auto* unigram = std::get_if<UnigramSettings>(&model)) {
    return *unigram->model;
  }
  if (const auto* byte_pair = std::get_if<BytePairSettings>(&model)) {
    return *byte_pair->model;
  }
  return std::get<Vocabulary>(model);
}

}  // namespace fastintent
