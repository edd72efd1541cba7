#pragma once

#include <memory>
#include <span>
#include <vector>

#include "batch/packed_batch.h"
#include "batch/token_budget.h"
#include "compute/answers.h"
#include "model/forward.h"
#include "model/prepared_model.h"
#include "predict/tokenized_texts.h"

namespace fastintent {

/// Some texts of a call, and where their answers go.
struct RangeToRun {
  const TokenizedTexts& texts;
  SequenceRange range;
  Answers answers;
};

/// One worker's means to run the model: a backend and activations of its own over shared, read-only
/// weights. One thread at a time.
class Replica {
 public:
  /// Probabilities are those at `temperature`.
  Replica(std::unique_ptr<Backend> backend,
          std::shared_ptr<const PreparedModel> model,
          double temperature);

  /// Answers the texts of ranges of any calls, in one pass where memory allows it; else range by
  /// range, and a range in halves, down to one text. Throws out_of_resources when not even that
  /// fits. `team` may run parts of it on other threads; null: the calling one alone.
  void run(std::span<const RangeToRun> ranges, Team* team = nullptr);

  /// Has every kernel compiled that texts of up to `max_length` tokens need, and the activations
  /// sized for them.
  void warm_up(int max_length);

 private:
  bool fits(std::span<const RangeToRun> ranges, Team* team);
  Answers run_batch(int64_t best_of_each, bool with_logits, Team* team);

  std::unique_ptr<Backend> backend_;
  std::shared_ptr<const PreparedModel> model_;
  double temperature_;
  Forward forward_;
  PackedBatch batch_;
  /// Of a batch.
  std::vector<ScoredClass> best_;
  std::vector<float> logits_;
};

}  // namespace fastintent
