#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace fastintent {

/// Which tokens a model leaves in one piece when they are a complete word, as nearly all are. That is
/// found when a token is first needed: to check all of 250,000 at the start takes longer than to read
/// them.
///
/// Safe from many threads: each finds the same.
class WholeWords {
 public:
  explicit WholeWords(size_t id_count) : verdicts_(new std::atomic<Verdict>[id_count]()) {}

  /// Whether the token `id` stays whole. `check` finds out; it is called for the first words only.
  template <typename Check>
  bool is_whole(int32_t id, const Check& check) const {
    std::atomic<Verdict>& verdict = verdicts_[static_cast<size_t>(id)];
    Verdict known = verdict.load(std::memory_order_relaxed);
    if (known == Verdict::unchecked) {
      known = check() ? Verdict::whole : Verdict::divided;
      verdict.store(known, std::memory_order_relaxed);
    }
    return known == Verdict::whole;
  }

 private:
  enum class Verdict : uint8_t { unchecked, whole, divided };

  std::unique_ptr<std::atomic<Verdict>[]> verdicts_;  // by id
};

}  // namespace fastintent
