#pragma once

#include <cstdint>

#include "compute/dropout.h"

namespace fastintent {

/// The places where dropout is applied: in each layer and, at the end, in the head before the
/// classifier and before the dense layer.
enum class DropoutSite : uint64_t { embedding, attention, attention_output, output, head, pooled };

/// The dropout of one step on one worker: every site of every layer draws its own mask from one
/// seed. All rates 0 (the default) means prediction.
struct DropoutPlan {
  float hidden_rate = 0;
  float attention_rate = 0;
  float head_rate = 0;
  uint64_t seed = 0;

  Dropout at(DropoutSite site, size_t layer = 0) const {
    const bool in_head = site == DropoutSite::head || site == DropoutSite::pooled;
    const float rate = site == DropoutSite::attention ? attention_rate
                       : in_head                      ? head_rate
                                                      : hidden_rate;
    return {rate, split_seed(seed, layer * 8 + static_cast<uint64_t>(site))};
  }

  /// Derives a seed for one part of a computation with seed `seed`, by the mixer of SplitMix64
  /// (Steele, Lea & Flood 2014).
  static uint64_t split_seed(uint64_t seed, uint64_t part) {
    uint64_t z = seed + (part + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
};

}  // namespace fastintent
