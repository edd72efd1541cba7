#pragma once

#include <cstdint>

namespace fastintent {

/// Dropout of one tensor in one training step: element `index` is kept, and divided by 1 - rate, or
/// set to zero. The choice is a pure function of (seed, index), so backward repeats it and every
/// backend draws the same mask. rate 0 keeps everything unscaled.
struct Dropout {
  float rate = 0;
  uint64_t seed = 0;
};

/// The finalizer of MurmurHash3 (Appleby, 2011, public domain): every input bit flips each output
/// bit with probability one half, in five operations that every vector unit has.
constexpr uint32_t mix_bits(uint32_t x) {
  x ^= x >> 16;
  x *= 0x85ebca6bU;
  x ^= x >> 13;
  x *= 0xc2b2ae35U;
  x ^= x >> 16;
  return x;
}

/// Elements whose hash is below this are dropped.
constexpr uint32_t dropout_threshold(float rate) {
  return static_cast<uint32_t>(static_cast<double>(rate) * 4294967296.0);
}

/// The two words that dropout hashes with. Each depends on every bit of the seed, so that the masks
/// of two seeds, even neighbouring ones, are not permutations of each other. The constants (2^32 /
/// golden ratio, and SplitMix64's increment) only make the two words differ.
struct DropoutKeys {
  uint32_t first;
  uint32_t second;
};

constexpr DropoutKeys dropout_keys(uint64_t seed) {
  const auto low = static_cast<uint32_t>(seed);
  const auto high = static_cast<uint32_t>(seed >> 32);
  return {mix_bits(low ^ mix_bits(high ^ 0x9e3779b9U)),
          mix_bits(high ^ mix_bits(low ^ 0x7f4a7c15U))};
}

/// True when element `index` is kept.
constexpr bool dropout_keeps(const Dropout& dropout, uint32_t index) {
  const DropoutKeys keys = dropout_keys(dropout.seed);
  return mix_bits(mix_bits(index ^ keys.first) ^ keys.second) >= dropout_threshold(dropout.rate);
}

/// Index of an attention probability: row of the query in the batch, head, position of the key in
/// its sequence. 2^16 keys a row, more than any encoder has positions; wraps modulo 2^32.
constexpr uint32_t attention_dropout_index(int64_t query_row,
                                           int64_t heads,
                                           int64_t head,
                                           int64_t key) {
  return static_cast<uint32_t>(((query_row * heads + head) << 16) + key);
}

}  // namespace fastintent
