#pragma once

#include <memory>
#include <utility>

#include "text/added_tokens.h"
#include "text/normalize/normalizer_chain.h"
#include "text/text_encoder.h"

namespace fastintent {

/// The bytes of `text` before the first place from `least` bytes on where it may be cut: before a
/// space between two ASCII letters or digits (see NormalizerStep::is_local).
size_t first_cut(std::string_view text, size_t least);

/// A chain of normalizers, normalized added tokens, a splitter into words, and a model that divides
/// a word into pieces.
template <typename Splitter, typename Model>
class ChainEncoder final : public TextEncoder {
 public:
  ChainEncoder(NormalizerChain normalizer,
               AddedTokens added_tokens,
               Splitter splitter,
               std::shared_ptr<const Model> model)
      : normalizer_(std::move(normalizer)),
        added_tokens_(std::move(added_tokens)),
        splitter_(std::move(splitter)),
        model_(std::move(model)),
        in_blocks_(added_tokens_.empty() && normalizer_.is_local() && splitter_.is_local()) {}

  void append(std::string_view text, bool at_start, IdSink& sink) const override {
    while (!text.empty() && !sink.truncated) {
      const size_t bytes = in_blocks_ ? first_cut(text, kBlockBytes) : text.size();
      append_block(text.substr(0, bytes), at_start, sink);
      text.remove_prefix(bytes);
      at_start = false;
    }
  }

 private:
  // Long texts are processed in blocks, so that truncation ends the work early.
  static constexpr size_t kBlockBytes = 1024;

  void append_block(std::string_view text, bool at_start, IdSink& sink) const {
    TextBuffer first;
    TextBuffer second;
    TextBuffer words;
    const std::string_view normalized = normalizer_.apply(text, first, second);
    AddedTokenSplitter segments(added_tokens_, normalized);
    AddedTokenSplitter::Segment segment;
    while (!sink.truncated && segments.next(segment)) {
      if (segment.id >= 0) {
        sink.put(segment.id);
      } else {
        const bool is_first = at_start && segment.text.data() == normalized.data();
        splitter_.for_each_word(segment.text, is_first, words, [&](std::string_view word) {
          model_->append(word, sink);
          return !sink.truncated;
        });
      }
    }
  }

  NormalizerChain normalizer_;
  AddedTokens added_tokens_;
  Splitter splitter_;
  std::shared_ptr<const Model> model_;
  bool in_blocks_;
};

}  // namespace fastintent
