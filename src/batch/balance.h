#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastintent {

/// Distributes complete sequences of the given lengths (in tokens) over `workers` so that each gets
/// about the same number of tokens: longest first, each to the worker with the fewest tokens
/// (Graham 1969). Returns the indices of each worker's sequences; equal lengths always return equal
/// results.
std::vector<std::vector<int64_t>> balance_by_tokens(std::span<const int32_t> lengths, int workers);

}  // namespace fastintent
