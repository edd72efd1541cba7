#include "text/normalize/normalizer_chain.h"

#include <algorithm>

namespace fastintent {

std::string_view NormalizerChain::apply(std::string_view text,
                                        TextBuffer& first,
                                        TextBuffer& second) const {
  TextBuffer* free = &first;
  TextBuffer* used = &second;
  for (const auto& step : steps_) {
    const std::string_view normalized = step->apply(text, *free);
    if (!free->view().empty()) {  // where the text is now
      std::swap(free, used);
      free->clear();
    }
    text = normalized;
  }
  return text;
}

std::string NormalizerChain::normalized(std::string_view text) const {
  TextBuffer first;
  TextBuffer second;
  return std::string(apply(text, first, second));
}

bool NormalizerChain::is_local() const {
  return std::all_of(
      steps_.begin(), steps_.end(), [](const auto& step) { return step->is_local(); });
}

}  // namespace fastintent
