#pragma once

#include "text/normalize/bert_normalizer.h"
#include "text/normalize/normalizer_step.h"

namespace fastintent {

/// The normalizer Strip: removes white space at the ends of the text.
class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  std::string_view apply(std::string_view text, TextBuffer& out) const override;
  bool is_local() const override { return !left_ && !right_; }

 private:
  bool left_;
  bool right_;
};

/// The normalizer Lowercase: one character at a time.
class LowerCase final : public NormalizerStep {
 public:
  std::string_view apply(std::string_view text, TextBuffer& out) const override;
};

/// The normalizer StripAccents: removes all marks, and decomposes nothing.
class StripAccents final : public NormalizerStep {
 public:
  std::string_view apply(std::string_view text, TextBuffer& out) const override;
};

/// BertNormalizer as a step of a chain.
class BertStep final : public NormalizerStep {
 public:
  explicit BertStep(const BertNormalizerOptions& options) : normalizer_(options) {}
  std::string_view apply(std::string_view text, TextBuffer& out) const override;

 private:
  BertNormalizer normalizer_;
};

}  // namespace fastintent
