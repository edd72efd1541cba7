#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/normalize/normalizer_step.h"

namespace fastintent {

/// Normalizers that are applied one after the other. Copies share the steps, which never change.
class NormalizerChain {
 public:
  void add(std::shared_ptr<const NormalizerStep> step) { steps_.push_back(std::move(step)); }

  void add_first(std::shared_ptr<const NormalizerStep> step) {
    steps_.insert(steps_.begin(), std::move(step));
  }

  /// The normalized form of `text`, valid UTF-8: `text` itself or in one of the two buffers, which
  /// are empty before. Throws bad_checkpoint where it is more than kMostGrowth times as long.
  std::string_view apply(std::string_view text, TextBuffer& first, TextBuffer& second) const;

  std::string normalized(std::string_view text) const;

  /// Whether every step is local (see NormalizerStep).
  bool is_local() const;

 private:
  std::vector<std::shared_ptr<const NormalizerStep>> steps_;
};

}  // namespace fastintent
