#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/answers.h"
#include "predict/tokenized_texts.h"

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
  int32_t tokens = 0;                 // that the model reads, special ones included
};

/// The rankings of several texts, in their order.
struct Rankings {
  Rankings() = default;
  Rankings(size_t texts, size_t classes, RankingRequest request);

  Ranking of(size_t text) const;
  /// Copies what is known of the texts before the model runs.
  void describe(const TokenizedTexts& texts);
  /// The buffers that the model writes to.
  Answers places();

  std::vector<ScoredClass> best;  // [texts,N]
  std::vector<float> logits;      // [texts,C], or empty
  std::vector<char> truncated;    // [texts]
  std::vector<int32_t> tokens;    // [texts]
};

}  // namespace fastintent
