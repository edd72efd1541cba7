#pragma once

#include "text/normalize/normalizer_step.h"

namespace fastintent {

/// The normalizers NFC, NFD, NFKC and NFKD.
class UnicodeForm final : public NormalizerStep {
 public:
  UnicodeForm(bool compatible, bool composed) : compatible_(compatible), composed_(composed) {}

  std::string_view apply(std::string_view text, TextBuffer& out) const override;

 private:
  bool compatible_;  // NFKC, NFKD
  bool composed_;    // NFC, NFKC
};

}  // namespace fastintent
