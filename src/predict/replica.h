#pragma once

#include <memory>
#include <span>
#include <vector>

#include "batch/packed_batch.h"
#include "batch/token_budget.h"
#include "model/activations.h"
#include "model/prepared_model.h"
#include "predict/tokenized_texts.h"

namespace fastintent {

/// Some texts of a call, and where their logits [texts,C] go.
struct RangeToRun {
  const TokenizedTexts& texts;
  SequenceRange range;
  std::span<float> logits;
};

/// One worker's means to run the model: a backend and activations of its own over shared, read-only
/// weights. One thread at a time.
class Replica {
 public:
  Replica(std::unique_ptr<Backend> backend, std::shared_ptr<const PreparedModel> model);

  /// Logits of the texts in `range`. Texts that do not fit into memory together are run in halves,
  /// down to one; throws out_of_resources when not even that fits.   logits [S,C], host memory
  /// `team` may run parts of it on other threads; null: the calling one alone.
  void run(const TokenizedTexts& texts,
           SequenceRange range,
           std::span<float> logits,
           Team* team = nullptr);

  /// The same for ranges of any calls, in one pass where memory allows it.
  void run_together(std::span<const RangeToRun> ranges);

  /// Has every kernel compiled that texts of up to `max_length` tokens need, and the activations
  /// sized for them.
  void warm_up(int max_length);

 private:
  void append(const TokenizedTexts& texts, SequenceRange range);
  void run_batch(std::span<float> logits, Team* team);

  std::unique_ptr<Backend> backend_;
  std::shared_ptr<const PreparedModel> model_;
  Activations activations_;
  PackedBatch batch_;
  std::vector<float> together_;  // logits of several ranges
};

}  // namespace fastintent
