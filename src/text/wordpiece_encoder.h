#pragma once

#include "text/added_tokens.h"
#include "text/normalize/bert_normalizer.h"
#include "text/pieces/wordpiece.h"
#include "text/text_encoder.h"

namespace fastintent {

/// BertNormalizer, normalized added tokens, BertPreTokenizer, WordPiece.
class WordPieceEncoder final : public TextEncoder {
 public:
  WordPieceEncoder(const BertNormalizerOptions& normalizer,
                   const WordPieceOptions& model,
                   AddedTokens added_tokens);

  void append(std::string_view text, bool at_start, IdSink& sink) const override;

 private:
  void append_normalized(std::string_view text, IdSink& sink) const;
  void append_words(std::string_view text, IdSink& sink) const;

  BertNormalizer normalizer_;
  AddedTokens added_tokens_;
  WordPiece wordpiece_;
};

}  // namespace fastintent
