#pragma once

#include <span>
#include <vector>

#include "compute/answers.h"

namespace fastintent {

/// What is asked of texts.
struct AnswerRequest {
  int top_k = 0;             // classes told besides the best
  bool with_logits = false;  // of all classes
};

/// What the model says of one text.
struct TextAnswer {
  std::span<const ScoredClass> best;  // as in Answers
  std::span<const float> logits;      // [C], or empty
  bool truncated = false;             // it had more tokens than the model takes
};

/// What it says of some, in their order.
struct TextAnswers {
  TextAnswers() = default;
  TextAnswers(size_t texts, size_t classes, AnswerRequest request);

  TextAnswer of(size_t text) const;
  /// Where the answers go.
  Answers places();

  std::vector<ScoredClass> best;  // [texts,N]
  std::vector<float> logits;      // [texts,C], or empty
  std::vector<char> truncated;    // [texts]
};

}  // namespace fastintent
