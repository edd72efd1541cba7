#include "batch/balance.h"

#include <algorithm>
#include <numeric>

namespace fastintent {

std::vector<std::vector<int64_t>> balance_by_tokens(std::span<const int32_t> lengths, int workers) {
  std::vector<int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return lengths[static_cast<size_t>(a)] > lengths[static_cast<size_t>(b)];
  });
  std::vector<std::vector<int64_t>> shares(static_cast<size_t>(workers));
  std::vector<int64_t> tokens(shares.size(), 0);
  for (const int64_t index : order) {
    const auto least =
        static_cast<size_t>(std::min_element(tokens.begin(), tokens.end()) - tokens.begin());
    shares[least].push_back(index);
    tokens[least] += lengths[static_cast<size_t>(index)];
  }
  return shares;
}

}  // namespace fastintent
