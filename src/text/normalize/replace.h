#pragma once

#include <string>

#include "text/normalize/normalizer_step.h"

namespace fastintent {

/// The normalizer Replace for the patterns that models have: a text, or one character at least so
/// many times (" {2,}").
class Replace final : public NormalizerStep {
 public:
  /// `pattern` is not empty; with `least` > 0 a match is at least as many of it, and as many as
  /// there are.
  Replace(std::string pattern, size_t least, std::string content);

  std::string_view apply(std::string_view text, TextBuffer& out) const override;
  bool is_local() const override { return is_local_; }

 private:
  std::string pattern_;
  size_t least_;
  std::string content_;
  std::string shortest_;  // match
  bool is_local_;
};

}  // namespace fastintent
