#include "text/wordpiece_encoder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "text/split/bert_splitter.h"

namespace fastintent {
namespace {

// A block's buffer is on the stack (8 KiB). Most texts are one block.
constexpr size_t kBlockBytes = 2048;

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

WordPieceEncoder::WordPieceEncoder(const BertNormalizerOptions& normalizer,
                                   const WordPieceOptions& model,
                                   AddedTokens added_tokens)
    : normalizer_(normalizer), added_tokens_(std::move(added_tokens)), wordpiece_(model) {}

void WordPieceEncoder::append(std::string_view text, bool /*at_start*/, IdSink& sink) const {
  // A normalized added token may contain spaces, so it is searched for in the complete text.
  const bool in_blocks = added_tokens_.empty();
  while (!text.empty() && !sink.truncated) {
    const size_t bytes = in_blocks ? first_block(text) : text.size();
    const std::string_view block = text.substr(0, bytes);
    if (bytes <= kBlockBytes) {
      char buffer[BertNormalizer::buffer_bytes(kBlockBytes)];
      append_normalized(normalizer_.normalize(block, buffer), sink);
    } else {
      std::vector<char> buffer(BertNormalizer::buffer_bytes(bytes));
      append_normalized(normalizer_.normalize(block, buffer.data()), sink);
    }
    text.remove_prefix(bytes);
  }
}

void WordPieceEncoder::append_normalized(std::string_view text, IdSink& sink) const {
  AddedTokenSplitter segments(added_tokens_, text);
  AddedTokenSplitter::Segment segment;
  while (!sink.truncated && segments.next(segment)) {
    if (segment.id >= 0) {
      sink.put(segment.id);
    } else {
      append_words(segment.text, sink);
    }
  }
}

void WordPieceEncoder::append_words(std::string_view text, IdSink& sink) const {
  BertSplitter words(text);
  for (std::string_view word = words.next(); !word.empty() && !sink.truncated;
       word = words.next()) {
    sink.take(wordpiece_.append(word, sink.room, sink.ids));
  }
}

}  // namespace fastintent
