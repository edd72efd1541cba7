#include "fastintent/tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/folder_snapshot.h"
#include "base/utf8.h"
#include "checkpoint/sentence_folder.h"
#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/open_tokenizer.h"
#include "text/tokenizer_settings.h"
#include "text/word_splitter.h"
#include "text/wordpiece.h"

// A text runs through: the prompt before it, UTF-8 repair, added tokens of the raw text, normalizer, added tokens of the
// normalized text, words, pieces. Long texts are processed in blocks, so that truncation at the end
// of a text ends the work early; truncation at its beginning needs all of its tokens.

namespace fastintent {
namespace {

// A block's buffer is on the stack (8 KiB). Most texts are one block.
constexpr size_t kBlockBytes = 2048;

// Collects at most `room` ids and knows whether there were more.
struct IdSink {
  std::vector<int32_t>& ids;
  size_t room;
  bool truncated = false;

  void take(size_t count) {
    truncated = count > room;
    room -= std::min(count, room);
  }
};

// The length of the first block of `text`: it ends before a space, which neither a word nor the
// normalizer reaches across.
size_t first_block(std::string_view text) {
  if (text.size() <= kBlockBytes) {
    return text.size();
  }
  const size_t space = text.rfind(' ', kBlockBytes);
  return space != std::string_view::npos && space != 0
             ? space
             : std::min(text.find(' ', kBlockBytes), text.size());
}

}  // namespace

class Tokenizer::Pipeline {
 public:
  Pipeline(const TokenizerSettings& settings, int max_length)
      : normalizer_(settings.normalizer),
        added_tokens_(make_added_tokens(
            settings.added_tokens, settings.model.vocabulary, normalizer_, settings.file)),
        wordpiece_(settings.model),
        prompt_(settings.prompt),
        ids_before_(settings.ids_before),
        ids_after_(settings.ids_after),
        keeps_end_(settings.keeps_end),
        max_length_(max_length) {
    for (const auto& ids : {ids_before_, ids_after_}) {
      for (const int32_t id : ids) {
        added_tokens_.id_count = std::max(added_tokens_.id_count, id + 1);
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
    AddedTokenSplitter segments(added_tokens_.raw, text);
    AddedTokenSplitter::Segment segment;
    while (!sink.truncated && segments.next(segment)) {
      if (segment.id >= 0) {
        append_token(segment.id, sink);
      } else {
        append_text(segment.text, sink);
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
  int id_count() const { return added_tokens_.id_count; }

 private:
  static void append_token(int32_t id, IdSink& sink) {
    if (sink.room > 0) {
      sink.ids.push_back(id);
    }
    sink.take(1);
  }

  // A text between raw added tokens.
  void append_text(std::string_view text, IdSink& sink) const {
    // A normalized added token may contain spaces, so it is searched for in the complete text.
    const bool in_blocks = added_tokens_.normalized.empty();
    while (!text.empty() && !sink.truncated) {
      const size_t bytes = in_blocks ? first_block(text) : text.size();
      const std::string_view block = text.substr(0, bytes);
      if (bytes <= kBlockBytes) {
        char buffer[Normalizer::buffer_bytes(kBlockBytes)];
        append_normalized(normalizer_.normalize(block, buffer), sink);
      } else {
        std::vector<char> buffer(Normalizer::buffer_bytes(bytes));
        append_normalized(normalizer_.normalize(block, buffer.data()), sink);
      }
      text.remove_prefix(bytes);
    }
  }

  void append_normalized(std::string_view text, IdSink& sink) const {
    AddedTokenSplitter segments(added_tokens_.normalized, text);
    AddedTokenSplitter::Segment segment;
    while (!sink.truncated && segments.next(segment)) {
      if (segment.id >= 0) {
        append_token(segment.id, sink);
      } else {
        append_words(segment.text, sink);
      }
    }
  }

  void append_words(std::string_view text, IdSink& sink) const {
    WordSplitter words(text);
    for (std::string_view word = words.next(); !word.empty() && !sink.truncated;
         word = words.next()) {
      sink.take(wordpiece_.append(word, sink.room, sink.ids));
    }
  }

  Normalizer normalizer_;
  AddedTokenSets added_tokens_;
  WordPiece wordpiece_;
  std::string prompt_;
  std::vector<int32_t> ids_before_;
  std::vector<int32_t> ids_after_;
  bool keeps_end_;
  int max_length_;
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
    // Lower case before the normalizer instead of in it: the result is the same.
    settings.normalizer.lower_case |= sentence->lower_case;
  }
  const size_t special = settings.ids_before.size() + settings.ids_after.size();
  const int length = maximum_length(encoder, max_length, named, special);
  Tokenizer tokenizer;
  tokenizer.pipeline_ = std::make_shared<const Tokenizer::Pipeline>(settings, length);
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
