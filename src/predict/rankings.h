#pragma once

#include <span>
#include <vector>

#include "compute/answers.h"

namespace fastintent {

/// The requested content of rankings.
struct RankingRequest {
  int top_k = 0;             // classes returned besides the best
  bool with_logits = false;  // of all classes
};

/// The classes of one text in the order of their scores.
struct Ranking {
  std::span<const ScoredClass> best;  // as in Answers
  std::span<const float> logits;      // [C], or empty
  bool truncated = false;             // the text had more tokens than the model accepts
};

/// The rankings of several texts, in their order.
struct Rankings {
  Rankings() = default;
  Rankings(size_t texts, size_t classes, RankingRequest request);

  Ranking of(size_t text) const;
  /// The buffers that the model writes to.
  Answers places();

  std::vector<ScoredClass> best;  // [texts,N]
  std::vector<float> logits;      // [texts,C], or empty
  std::vector<char> truncated;    // [texts]
};

}  // namespace fastintent
