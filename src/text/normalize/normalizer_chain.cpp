#include "text/normalize/normalizer_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "fastintent/error.h"

namespace fastintent {

std::string_view NormalizerChain::apply(std::string_view text,
                                        TextBuffer& first,
                                        TextBuffer& second) const {
  const size_t most = kMostGrowth * (text.size() + 1);
  TextBuffer* free = &first;
  TextBuffer* used = &second;
  for (const auto& step : steps_) {
    const std::string_view normalized = step->apply(text, *free);
    if (normalized.size() > most) {
      throw Error(
          ErrorCode::bad_checkpoint,
          fmt::format("normalize text: expected normalizers that make a text at most {} times "
                      "as long, found {} bytes. Use another tokenizer.json",
                      kMostGrowth,
                      normalized.size()));
    }
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
