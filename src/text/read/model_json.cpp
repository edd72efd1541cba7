#include "text/read/model_json.h"

#include <fmt/format.h>

#include <utility>

#include "text/read/normalizer_json.h"
#include "text/read/pre_tokenizer_json.h"

namespace fastintent {

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

UnigramSettings unigram_settings(const JsonDocument& top, UnigramPieces pieces) {
  const JsonDocument model = top.section("model");
  const size_t unknown = read_count(model, "unk_id");
  if (unknown >= pieces.scores.size()) {
    model.fail("unk_id", fmt::format("an id of the {} tokens", pieces.scores.size()));
  }
  return {read_normalizer_chain(top),
          read_metaspace_splitter(top, top.has("normalizer")),
          std::make_shared<const Unigram>(std::move(pieces),
                                          static_cast<int32_t>(unknown),
                                          model.boolean_or("byte_fallback", false))};
}

namespace {

// Where no merge joins a mark of a space to anything else before it, a text has the same tokens as
// one word and cut before such marks, and is much faster cut.
MetaspaceSplitter split_before_marks(const MetaspaceSplitter& splitter,
                                     const BytePairTokens& tokens,
                                     const MergeTable& merges) {
  const Metaspace marks{.prepend = Metaspace::Prepend::never, .joins_marks = true};
  const int32_t mark = tokens.find(marks.mark);
  if (mark < 0 || merges.joins_before(mark, tokens.id_count())) {
    return splitter;
  }
  return {MetaspaceSplitter::Parts::all, marks};
}

}  // namespace

BytePairSettings byte_pair_settings(const JsonDocument& top,
                                    BytePairTokens tokens,
                                    MergeTable merges) {
  const JsonDocument model = top.section("model");
  if (model.number_or("dropout", 0) != 0) {
    model.fail("dropout", "null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.text_or(key, "").empty()) {
      model.fail(key, "null");
    }
  }
  BytePairRules rules;
  if (model.has("unk_token")) {
    rules.unknown_id = tokens.find(model.text("unk_token"));
    if (rules.unknown_id < 0) {
      fail_token("model's unk_token", model.text("unk_token"), top.name());
    }
  }
  rules.fuse_unknown = model.boolean_or("fuse_unk", false);
  rules.byte_fallback = model.boolean_or("byte_fallback", false);
  rules.ignore_merges = model.boolean_or("ignore_merges", false);
  const auto byte_level = read_byte_level_splitter(top);
  rules.byte_level = byte_level.has_value();
  BytePairSettings settings{read_normalizer_chain(top), ByteLevelSplitter(false), nullptr};
  if (byte_level) {
    settings.splitter = *byte_level;
  } else {
    MetaspaceSplitter splitter = read_metaspace_splitter(top, top.has("normalizer"));
    if (splitter.takes_all() && !rules.ignore_merges && replaces_spaces(top)) {
      splitter = split_before_marks(splitter, tokens, merges);
    }
    settings.splitter = std::move(splitter);
  }
  settings.model = std::make_shared<const BytePair>(std::move(tokens), std::move(merges), rules);
  return settings;
}

}  // namespace fastintent
