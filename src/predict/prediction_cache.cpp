#include "predict/prediction_cache.h"

#include <iterator>
#include <utility>

namespace fastintent {
namespace {

int64_t heap_bytes(const std::string& text) {
  // A short string is stored inside its object.
  return text.capacity() > std::string().capacity() ? static_cast<int64_t>(text.capacity()) + 1 : 0;
}

// Memory of an entry: its list node, its node and bucket in the map, and the answer with all memory
// that it owns.
template <typename Entry, typename Node>
int64_t entry_bytes(const std::string& text, const IntentPrediction& prediction) {
  constexpr int64_t kPointers = 6 * sizeof(void*);  // links, bucket, reference counts
  int64_t bytes = sizeof(Entry) + sizeof(Node) + sizeof(IntentPrediction) + kPointers;
  bytes += heap_bytes(text) + heap_bytes(prediction.intent);
  bytes += static_cast<int64_t>(prediction.alternatives.capacity() * sizeof(ScoredIntent));
  for (const ScoredIntent& scored : prediction.alternatives) {
    bytes += heap_bytes(scored.intent);
  }
  return bytes;
}

}  // namespace

PredictionCache::PredictionCache(int64_t most_entries, int64_t most_bytes, Hash hash)
    : most_entries_(most_entries), most_bytes_(most_bytes), by_key_(0, KeyHash{hash}) {}

std::optional<IntentPrediction> PredictionCache::find(std::string_view text,
                                                      int top_k,
                                                      uint64_t generation) {
  std::shared_ptr<const IntentPrediction> found;
  {
    const std::lock_guard lock(mutex_);
    const auto place = by_key_.find({text, top_k});
    if (place == by_key_.end() || generation != generation_) {
      ++counts_.misses;
      return std::nullopt;
    }
    ++counts_.hits;
    entries_.splice(entries_.begin(), entries_, place->second);
    found = place->second->prediction;
  }
  return *found;
}

void PredictionCache::insert(std::string_view text,
                             int top_k,
                             const IntentPrediction& prediction,
                             uint64_t generation) {
  // Entries are built, and evicted ones destroyed, outside the lock.
  Entries fresh;
  Entry& entry = fresh.emplace_front(
      Entry{std::string(text), top_k, std::make_shared<const IntentPrediction>(prediction)});
  entry.bytes = entry_bytes<Entry, std::pair<const Key, Entries::iterator>>(entry.text, prediction);
  if (entry.bytes > most_bytes_ || most_entries_ == 0) {
    return;
  }

  Entries gone;
  const std::lock_guard lock(mutex_);
  if (generation != generation_ || by_key_.contains({entry.text, top_k})) {
    return;
  }
  while (counts_.entries >= most_entries_ || counts_.bytes + entry.bytes > most_bytes_) {
    const auto last = std::prev(entries_.end());
    by_key_.erase({last->text, last->top_k});
    --counts_.entries;
    counts_.bytes -= last->bytes;
    ++counts_.evictions;
    gone.splice(gone.begin(), entries_, last);
  }
  by_key_.emplace(Key{entry.text, top_k}, fresh.begin());
  entries_.splice(entries_.begin(), fresh);
  ++counts_.entries;
  counts_.bytes += entry.bytes;
}

uint64_t PredictionCache::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

void PredictionCache::begin_generation() {
  Entries gone;
  const std::lock_guard lock(mutex_);
  ++generation_;
  gone = take_all();
}

void PredictionCache::clear() {
  Entries gone;
  const std::lock_guard lock(mutex_);
  gone = take_all();
}

PredictionCache::Entries PredictionCache::take_all() {
  by_key_.clear();
  counts_.entries = 0;
  counts_.bytes = 0;
  return std::exchange(entries_, {});
}

PredictionCache::Counts PredictionCache::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace fastintent
