#pragma once

#include <span>
#include <vector>

#include "compute/answers.h"

namespace fastintent {

/// The requested content of answers.
struct AnswerRequest {
  int top_k = 0;             // classes returned besides the best
  bool with_logits = false;  // of all classes
};

/// The model's answer for one text.
struct TextAnswer {
  std::span<const ScoredClass> best;  // as in Answers
  std::span<const float> logits;      // [C], or empty
  bool truncated = false;             // the text had more tokens than the model accepts
};

/// The model's answers for several texts, in their order.
struct TextAnswers {
  TextAnswers() = default;
  TextAnswers(size_t texts, size_t classes, AnswerRequest request);

  TextAnswer of(size_t text) const;
  /// The buffers that the answers are written to.
  Answers places();

  std::vector<ScoredClass> best;  // [texts,N]
  std::vector<float> logits;      // [texts,C], or empty
  std::vector<char> truncated;    // [texts]
};

}  // namespace fastintent
