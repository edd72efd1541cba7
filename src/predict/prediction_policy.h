#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/prediction.h"
#include "predict/prediction_cache.h"
#include "predict/rankings.h"

// What every call does with a prediction besides computing it: sets the review flag and uses the
// cache. Cached predictions have no flag, because the threshold may change while they are stored.
namespace fastintent {

/// Whether a prediction of that confidence needs a review, that is, `confidence` is below
/// `threshold`. A negative threshold flags none.
bool needs_review(float confidence, double threshold);

/// The part of the cache that a call sees.
struct CacheView {
  PredictionCache* cache = nullptr;  // null: the call does not use the cache
  int top_k = 0;
  uint64_t generation = 0;  // when the call began
};

/// Returns the cached prediction of `text`, flagged by `review_threshold`; nullopt when the call
/// does not use the cache or the text is not cached.
std::optional<IntentPrediction> find_prediction(const CacheView& view,
                                                std::string_view text,
                                                double review_threshold);

/// Converts the `ranking` of `text` to a prediction with the names in `intents`, flagged by
/// `review_threshold`, and caches it if the call uses the cache. Throws bad_checkpoint when the
/// ranking has no class.
IntentPrediction make_prediction(const CacheView& view,
                                 std::string_view text,
                                 const Ranking& ranking,
                                 const std::vector<std::string>& intents,
                                 double review_threshold);

}  // namespace fastintent
