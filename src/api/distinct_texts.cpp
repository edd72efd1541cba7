#include "api/distinct_texts.h"

#include <numeric>
#include <unordered_map>

namespace fastintent {

DistinctTexts::DistinctTexts(std::span<const std::string_view> texts, bool equal_once) {
  if (!equal_once) {
    distinct_.assign(texts.begin(), texts.end());
    place_.resize(texts.size());
    std::iota(place_.begin(), place_.end(), size_t{0});
    return;
  }
  std::unordered_map<std::string_view, size_t> places;
  places.reserve(texts.size());
  place_.reserve(texts.size());
  for (const std::string_view text : texts) {
    const auto [place, is_new] = places.try_emplace(text, distinct_.size());
    if (is_new) {
      distinct_.push_back(text);
    }
    place_.push_back(place->second);
  }
}

std::vector<IntentPrediction> DistinctTexts::spread(
    std::vector<IntentPrediction> predictions) const {
  if (distinct_.size() == place_.size()) {
    return predictions;
  }
  std::vector<IntentPrediction> all;
  all.reserve(place_.size());
  for (const size_t place : place_) {
    all.push_back(predictions[place]);
  }
  return all;
}

}  // namespace fastintent
