#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/prediction.h"
#include "predict/prediction_cache.h"
#include "predict/text_answers.h"

// What becomes of a text's prediction besides its computation, whichever call asked for it: the
// flag for a review and the use of the cache. Cached predictions carry no flag, because the
// threshold may change while they are stored.
namespace fastintent {

/// Whether a prediction of that confidence needs a review: it is below `threshold`. A negative
/// threshold flags none.
bool needs_review(float confidence, double threshold);

/// The part of the cache that a call sees.
struct CacheView {
  PredictionCache* cache = nullptr;  // null: the call does not use the cache
  int top_k = 0;
  uint64_t generation = 0;  // when the call began
};

/// The prediction of `text` from the cache, flagged by `review_threshold`; nothing when the call
/// does not use the cache or the text is not there.
std::optional<IntentPrediction> find_prediction(const CacheView& view,
                                                std::string_view text,
                                                double review_threshold);

/// The prediction of `text` from the model's answer, its classes named by `intents`, flagged by
/// `review_threshold`, and stored in the cache where the call uses it. Throws bad_checkpoint when
/// the answer has no class.
IntentPrediction make_prediction(const CacheView& view,
                                 std::string_view text,
                                 const TextAnswer& answer,
                                 const std::vector<std::string>& intents,
                                 double review_threshold);

}  // namespace fastintent
