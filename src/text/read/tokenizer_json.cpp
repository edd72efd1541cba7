#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "checkpoint/json_document.h"
#include "checkpoint/tokenizer_config.h"
#include "fastintent/error.h"
#include "text/read/model_json.h"
#include "text/read/normalizer_json.h"
#include "text/read/post_processor.h"
#include "text/read/pre_tokenizer_json.h"
#include "text/read/prepared_tokenizer.h"
#include "text/read/score.h"
#include "text/read/token_id.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {

using nlohmann::json;

namespace {

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

MergeTable merges_of(const MergeTexts& texts,
                     const Vocabulary& vocabulary,
                     const std::string& file) {
  std::vector<MergeTable::Merge> merges;
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
  return MergeTable(merges);
}

// The tables of a model, from the texts of the file. Its tries refuse too many bytes.
template <typename Make>
auto make_tables(const JsonDocument& top, const Make& make) try {
  return make();
} catch (const std::length_error&) {
  top.section("model").fail("vocab", "tokens of at most eight million bytes");
}

}  // namespace

TokenizerFile read_tokenizer_file(const SnapshotPath& file) {
  std::optional<TokenizerFile> prepared = read_prepared_tokenizer(file);
  return prepared ? *std::move(prepared) : parse_tokenizer_file(file);
}

TokenizerFile parse_tokenizer_file(const SnapshotPath& file) {
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
    model.array("vocab");
    return {top, unigram_settings(top, make_tables(top, [&] {
                                    return UnigramPieces(pieces.tokens, std::move(pieces.scores));
                                  }))};
  }
  if (type == "BPE") {
    require_ids_only(model);
    model.array("merges");
    const bool byte_level = read_byte_level_splitter(top).has_value();
    return {
        top,
        byte_pair_settings(top,
                           make_tables(top, [&] { return BytePairTokens(vocabulary, byte_level); }),
                           merges_of(merges, vocabulary, top.name()))};
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
