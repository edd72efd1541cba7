#pragma once

#include <span>
#include <string>

namespace fastintent {

/// Messages as customers write them, from one word to a long paragraph. Warm-up, optimisation and
/// benchmark use them when the user passes no texts.
std::span<const std::string> sample_texts();

/// `given`, or sample_texts() when it is empty. Throws invalid_data when one is blank.
std::span<const std::string> samples_or_ours(std::span<const std::string> given);

}  // namespace fastintent
