#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastintent {

/// Deals whole sequences of the given lengths (in tokens) out to `workers` so that each gets about
/// the same number of tokens: longest first, each to the worker that has least (Graham 1969).
/// Returns the indices of each worker's sequences; the same for the same lengths.
std::vector<std::vector<int64_t>> balance_by_tokens(std::span<const int32_t> lengths, int workers);

}  // namespace fastintent
