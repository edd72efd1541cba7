#pragma once

namespace fastintent {

// Hangul syllables decompose and compose by arithmetic (Unicode 3.12).
constexpr char32_t kSyllableBase = 0xAC00, kSyllableCount = 11172;
constexpr char32_t kLeadBase = 0x1100, kVowelBase = 0x1161, kTrailBase = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTrailCount = 28;

inline bool is_hangul_syllable(char32_t c) {
  return c - kSyllableBase < kSyllableCount;
}

/// Calls `append` with each of the two or three parts of a syllable.
template <typename Append>
void append_hangul_parts(char32_t syllable, const Append& append) {
  const char32_t index = syllable - kSyllableBase;
  append(kLeadBase + index / (kVowelCount * kTrailCount));
  append(kVowelBase + index / kTrailCount % kVowelCount);
  if (index % kTrailCount != 0) {
    append(kTrailBase + index % kTrailCount);
  }
}

/// The syllable of a lead and a vowel, or of a syllable without trail and a trail; 0 for others.
inline char32_t composed_hangul(char32_t first, char32_t second) {
  if (first - kLeadBase < kLeadCount && second - kVowelBase < kVowelCount) {
    return kSyllableBase +
           ((first - kLeadBase) * kVowelCount + (second - kVowelBase)) * kTrailCount;
  }
  const bool is_open = is_hangul_syllable(first) && (first - kSyllableBase) % kTrailCount == 0;
  if (is_open && second > kTrailBase && second < kTrailBase + kTrailCount) {
    return first + (second - kTrailBase);
  }
  return 0;
}

}  // namespace fastintent
