#include "fastintent/tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

#include "base/folder_snapshot.h"
#include "base/utf8.h"
#include "checkpoint/sentence_folder.h"
#include "text/added_tokens.h"
#include "text/chain_encoder.h"
#include "text/normalize/bert_normalizer.h"
#include "text/normalize/character_steps.h"
#include "text/open_tokenizer.h"
#include "text/read/tokenizer_settings.h"
#include "text/text_encoder.h"
#include "text/wordpiece_encoder.h"

// A text runs through: the prompt before it, UTF-8 repair, added tokens of the raw text, and then a
// TextEncoder: the normalizer, added tokens of the normalized text, words, pieces. Truncation at the
// end of a text ends the work early; truncation at its beginning needs all of its tokens.

namespace fastintent {
namespace {

std::string normalized_by(const BertNormalizer& normalizer, std::string_view text) {
  std::vector<char> buffer(BertNormalizer::buffer_bytes(text.size()));
  return std::string(normalizer.normalize(text, buffer.data()));
}

AddedTokenSets added_tokens_of(const TokenizerSettings& settings,
                               const TokenIds& tokens,
                               const NormalizeText& normalize) {
  return make_added_tokens(settings.added_tokens, tokens, normalize, settings.file);
}

}  // namespace

class Tokenizer::Pipeline {
 public:
  Pipeline(TokenizerSettings settings, int max_length)
      : prompt_(settings.prompt),
        ids_before_(settings.ids_before),
        ids_after_(settings.ids_after),
        keeps_end_(settings.keeps_end),
        max_length_(max_length) {
    std::visit([&](auto& pipeline) { set_encoder(settings, std::move(pipeline)); },
               settings.pipeline);
    for (const auto& ids : {ids_before_, ids_after_}) {
      for (const int32_t id : ids) {
        id_count_ = std::max(id_count_, id + 1);
      }
    }
  }

  bool append(std::string_view text, std::vector<int32_t>& ids) const {
    std::string prompted;
    if (!prompt_.empty()) {
      prompted = prompt_;
      prompted += text;
      text = prompted;
    }
    std::string repaired;
    if (valid_utf8_prefix(text) != text.size()) {
      repaired = replace_invalid_utf8(text);
      text = repaired;
    }
    const size_t special = ids_before_.size() + ids_after_.size();
    const size_t most = static_cast<size_t>(max_length_) - special;
    ids.insert(ids.end(), ids_before_.begin(), ids_before_.end());
    const size_t first = ids.size();
    IdSink sink{ids, keeps_end_ ? std::numeric_limits<size_t>::max() : most};
    AddedTokenSplitter segments(raw_tokens_, text);
    AddedTokenSplitter::Segment segment;
    while (!sink.truncated && segments.next(segment)) {
      if (segment.id >= 0) {
        sink.put(segment.id);
      } else {
        encoder_->append(segment.text, segment.text.data() == text.data(), sink);
      }
    }
    if (keeps_end_ && ids.size() - first > most) {
      sink.truncated = true;
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
      ids.erase(begin, ids.end() - static_cast<std::ptrdiff_t>(most));
    }
    ids.insert(ids.end(), ids_after_.begin(), ids_after_.end());
    return sink.truncated;
  }

  int max_length() const { return max_length_; }
  int id_count() const { return id_count_; }

 private:
  void set_encoder(const TokenizerSettings& settings, WordPieceSettings pipeline) {
    pipeline.normalizer.lower_case |= settings.lower_case;  // the same as before the normalizer
    const BertNormalizer normalizer(pipeline.normalizer);
    AddedTokenSets tokens =
        added_tokens_of(settings, pipeline.model.vocabulary, [&](std::string_view text) {
          return normalized_by(normalizer, text);
        });
    encoder_ = std::make_unique<WordPieceEncoder>(
        pipeline.normalizer, pipeline.model, std::move(tokens.normalized));
    raw_tokens_ = std::move(tokens.raw);
    id_count_ = tokens.id_count;
  }

  void set_encoder(const TokenizerSettings& settings, UnigramSettings pipeline) {
    set_chain(settings,
              std::move(pipeline.normalizer),
              std::move(pipeline.splitter),
              std::move(pipeline.model));
  }

  void set_encoder(const TokenizerSettings& settings, BytePairSettings pipeline) {
    std::visit(
        [&](auto& splitter) {
          set_chain(settings,
                    std::move(pipeline.normalizer),
                    std::move(splitter),
                    std::move(pipeline.model));
        },
        pipeline.splitter);
  }

  template <typename Splitter, typename Model>
  void set_chain(const TokenizerSettings& settings,
                 NormalizerChain normalizer,
                 Splitter splitter,
                 std::shared_ptr<const Model> model) {
    if (settings.lower_case) {
      normalizer.add_first(std::make_shared<LowerCase>());
    }
    AddedTokenSets tokens = added_tokens_of(
        settings, *model, [&](std::string_view text) { return normalizer.normalized(text); });
    encoder_ = std::make_unique<ChainEncoder<Splitter, Model>>(
        std::move(normalizer), std::move(tokens.normalized), std::move(splitter), std::move(model));
    raw_tokens_ = std::move(tokens.raw);
    id_count_ = tokens.id_count;
  }

  AddedTokens raw_tokens_;
  std::unique_ptr<const TextEncoder> encoder_;
  std::string prompt_;
  std::vector<int32_t> ids_before_;
  std::vector<int32_t> ids_after_;
  bool keeps_end_;
  int max_length_;
  int32_t id_count_ = 0;
};

Tokenizer::Tokenizer(const std::filesystem::path& folder, int max_length)
    : Tokenizer(load_unchanged(
          folder, [&](const SnapshotPath& at) { return open_tokenizer(at, max_length); })) {}

Tokenizer open_tokenizer(const SnapshotPath& folder, int max_length) {
  const std::optional<SentenceFolder> sentence = read_sentence_folder(folder);
  const SnapshotPath encoder = sentence ? folder / sentence->encoder : folder;
  TokenizerSettings settings = read_tokenizer_settings(encoder);
  std::optional<double> named;
  if (sentence) {
    named = sentence->max_length;
    settings.prompt = sentence->prompt;
    settings.lower_case = sentence->lower_case;
  }
  const size_t special = settings.ids_before.size() + settings.ids_after.size();
  const int length = maximum_length(encoder, max_length, named, special);
  Tokenizer tokenizer;
  tokenizer.pipeline_ = std::make_shared<const Tokenizer::Pipeline>(std::move(settings), length);
  return tokenizer;
}

Tokenizer::Encoding Tokenizer::encode(std::string_view text) const {
  Encoding encoding;
  encoding.truncated = append_ids(text, encoding.ids);
  return encoding;
}

bool Tokenizer::append_ids(std::string_view text, std::vector<int32_t>& ids) const {
  return pipeline_->append(text, ids);
}

int Tokenizer::max_length() const {
  return pipeline_->max_length();
}

int Tokenizer::vocabulary_size() const {
  return pipeline_->id_count();
}

}  // namespace fastintent
