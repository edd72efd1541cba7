#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/fork.h"
#include "fastintent/prediction.h"

namespace fastintent {

/// Remembers predictions by text: the least recently used is evicted when there are more than
/// `entries` or they need more than `bytes`. Complete texts are compared, never hashes alone. Safe
/// from many threads.
///
/// Answers belong to a generation, that of the model in use. An answer of one generation is never
/// returned or stored in another: nothing stale is ever found. Its answers are found in a child made
/// by fork(), too.
class PredictionCache {
 public:
  using Hash = size_t (*)(std::string_view text);
  static size_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text); }

  struct Counts {
    int64_t entries = 0;
    int64_t bytes = 0;  ///< approximate size of texts, answers and bookkeeping
    int64_t hits = 0;
    int64_t misses = 0;
    int64_t evictions = 0;
  };

  PredictionCache(int64_t most_entries, int64_t most_bytes, Hash hash = hash_text);
  PredictionCache(const PredictionCache&) = delete;
  PredictionCache& operator=(const PredictionCache&) = delete;

  /// Returns the answer with `top_k` alternatives, if it is cached in `generation`. Counts a hit or
  /// a miss.
  std::optional<IntentPrediction> find(std::string_view text, int top_k, uint64_t generation);

  /// Stores an answer computed in `generation`, unless it is larger than the complete cache.
  void insert(std::string_view text,
              int top_k,
              const IntentPrediction& prediction,
              uint64_t generation);

  uint64_t generation() const;
  void begin_generation();  ///< for another model: empties the cache
  void clear();
  Counts counts() const;
  int64_t most_entries() const { return most_entries_; }

 private:
  struct Entry {
    std::string text;
    int top_k = 0;
    /// Shared, so that it is copied outside the lock.
    std::shared_ptr<const IntentPrediction> prediction;
    int64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  struct Key {
    std::string_view text;  // owned by the entry
    int top_k = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    Hash hash_text;
    size_t operator()(const Key& key) const {
      return hash_text(key.text) + static_cast<size_t>(key.top_k);
    }
  };

  Entries take_all();  // under the lock; destroyed outside

  const int64_t most_entries_;
  const int64_t most_bytes_;
  mutable ForkSafeMutex mutex_;
  uint64_t generation_ = 0;
  Entries entries_;  // most recent first; the map's keys refer to its texts
  std::unordered_map<Key, Entries::iterator, KeyHash> by_key_;
  Counts counts_;
};

}  // namespace fastintent
