#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fastintent {

/// An intent and its probability.
struct ScoredIntent {
  std::string intent;    ///< name of the intent
  float confidence = 0;  ///< probability, from 0 to 1

  /// Whether both are equal, bit by bit for the probability.
  bool operator==(const ScoredIntent&) const = default;
};

/// The classifier's answer for one text.
struct IntentPrediction {
  std::string intent;                      ///< the most probable intent; empty when `error` is set
  float confidence = 0;                    ///< its probability, at the model's temperature
  std::vector<ScoredIntent> alternatives;  ///< the next most probable, best first
  std::vector<float> logits;               ///< raw, all classes in id2label order, when requested
  bool needs_review = false;               ///< the confidence is below the review threshold
  bool truncated = false;                  ///< the text was longer than the model's maximum length
  int tokens = 0;                          ///< that the model read, special ones included
  std::string error;                       ///< why there is no prediction; empty when there is one

  /// Whether all members are equal.
  bool operator==(const IntentPrediction&) const = default;
};

/// One batch of a stream.
struct PredictionBatch {
  int64_t batch_idx = 0;                      ///< from 0
  std::vector<IntentPrediction> predictions;  ///< in the order of the texts
  std::vector<std::string> texts;             ///< the texts of the predictions, in the same order
};

}  // namespace fastintent
