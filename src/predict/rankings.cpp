#include "predict/rankings.h"

#include <algorithm>

namespace fastintent {

Rankings::Rankings(size_t texts, size_t classes, RankingRequest request)
    : best(texts * std::min(classes, static_cast<size_t>(request.top_k) + 1)),
      logits(request.with_logits ? texts * classes : 0),
      truncated(texts),
      tokens(texts) {}

void Rankings::describe(const TokenizedTexts& texts) {
  truncated = texts.truncated;
  tokens = texts.lengths;
}

Ranking Rankings::of(size_t text) const {
  const size_t N = best.size() / truncated.size();
  const size_t C = logits.size() / truncated.size();
  return {std::span(best).subspan(text * N, N),
          std::span(logits).subspan(text * C, C),
          truncated[text] != 0,
          tokens[text]};
}

Answers Rankings::places() {
  const auto S = static_cast<int64_t>(truncated.size());
  if (S == 0) {
    return {};
  }
  const auto width = [S](const auto& values) { return static_cast<int64_t>(values.size()) / S; };
  Answers answers;
  answers.best = {best.data(), S, width(best)};
  if (!logits.empty()) {
    answers.logits = {logits.data(), S, width(logits)};
  }
  return answers;
}

}  // namespace fastintent
