#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_abi.h"
#include "fastintent/prediction.h"

namespace fastintent::python {

/// The error of a null.
inline constexpr std::string_view kNullText = "predict: expected a text, found null";

/// The column of the errors counts its characters with 32 bits.
inline constexpr int64_t kMostNulls =
    std::numeric_limits<int32_t>::max() / static_cast<int64_t>(kNullText.size());

/// Predictions in the columns of an Arrow record batch:
///
///     struct<intent: dictionary<int16 or int32, utf8>, confidence: float32, needs_review: bool,
///            truncated: bool, error: utf8,
///            alternatives: list<struct<intent, confidence>> where there are any>
///
/// The dictionary's indices have 16 bits unless there are more intents. A row with an `error` has no
/// intent and no confidence (both null) and no alternatives; `error` is null in all other rows.
class ArrowPredictions {
 public:
  /// `intents` are the model's, in id2label order: they are the dictionary, so that the batches of
  /// one model share it. `texts` are those of the predictions; a null pointer is a null. Throws
  /// invalid_argument for more rows or alternatives than the offsets of a column can count.
  ArrowPredictions(const std::vector<std::string>& intents,
                   std::span<const std::string_view> texts,
                   std::span<const IntentPrediction> predictions,
                   bool with_alternatives);

  int64_t size() const { return size_; }

  /// The schema of the record batch.
  ArrowOwned<ArrowSchema> schema() const;

 private:
  friend ArrowOwned<ArrowArray> array_of(
      const std::shared_ptr<const ArrowPredictions>& predictions);

  // Buffers of Arrow. A bitmap has one bit per row, the lowest first.
  struct Strings {
    std::vector<int32_t> offsets = {0};
    std::string characters;

    void push_back(std::string_view text);
  };
  struct Indices {
    std::vector<int32_t> wide;
    std::vector<int16_t> narrow;  // instead, where they suffice

    void narrow_down();
    const void* data() const;
  };
  class Names;

  bool has_narrow_indices() const;
  ArrowOwned<ArrowSchema> intent_schema(bool nullable) const;
  void push_back(const IntentPrediction& prediction, std::string_view text, Names& names);

  int64_t size_ = 0;
  bool with_alternatives_;
  Strings intents_;
  Indices intent_;
  std::vector<float> confidence_;
  std::vector<uint8_t> needs_review_;  // bitmap
  std::vector<uint8_t> truncated_;     // bitmap
  std::vector<uint8_t> answered_;      // bitmap: rows without an error
  std::vector<uint8_t> failed_;        // bitmap: rows with one
  int64_t failures_ = 0;
  Strings error_;
  std::vector<int32_t> alternatives_ = {0};  // offsets
  Indices alternative_intent_;
  std::vector<float> alternative_confidence_;
};

/// The record batch. It shares the buffers, which live until the last such array is released.
ArrowOwned<ArrowArray> array_of(const std::shared_ptr<const ArrowPredictions>& predictions);

/// A stream of that one record batch.
ArrowOwned<ArrowArrayStream> stream_of(std::shared_ptr<const ArrowPredictions> predictions);

}  // namespace fastintent::python
