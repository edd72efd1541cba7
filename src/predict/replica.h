#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/stop_flag.h"
#include "batch/packed_batch.h"
#include "batch/token_budget.h"
#include "compute/answers.h"
#include "model/forward.h"
#include "model/prepared_model.h"
#include "predict/tokenized_texts.h"

namespace fastintent {

/// Some texts of a call, and the destination of their answers.
struct RangeToRun {
  const TokenizedTexts& texts;
  SequenceRange range;
  Answers answers;
};

/// Runs the model for one worker: its own backend and activations over shared, read-only weights.
/// One thread at a time.
class Replica {
 public:
  /// Probabilities are computed at `temperature`.
  Replica(std::unique_ptr<Backend> backend,
          std::shared_ptr<const PreparedModel> model,
          double temperature);

  /// Answers the texts of a range in one pass if memory allows; else in halves, down to one text.
  /// Throws out_of_resources or std::bad_alloc when one text does not fit. `team` may run parts of
  /// it on other threads; null: only the calling thread.
  void run(const RangeToRun& range, Team* team = nullptr);

  /// Answers the texts of ranges of any calls in one pass. Throws when memory is short.
  void run_together(std::span<const RangeToRun> ranges, Team* team = nullptr);

  /// Compiles every kernel needed for texts of up to `max_length` tokens, and sizes the activations
  /// for them. Ends early once `stop` is set.
  void warm_up(int max_length, const StopFlag& stop);

 private:
  bool fits(const RangeToRun& range, Team* team);
  Answers run_batch(int64_t best_of_each, bool with_logits, Team* team);

  std::unique_ptr<Backend> backend_;
  std::shared_ptr<const PreparedModel> model_;
  double temperature_;
  Forward forward_;
  PackedBatch batch_;
  /// Results of the current batch.
  std::vector<ScoredClass> best_;
  std::vector<float> logits_;
};

}  // namespace fastintent
