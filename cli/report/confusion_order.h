#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastintent::cli {

/// An order of the classes of `counts` [label][predicted] in which those that are confused with
/// each other stand side by side: pairs, the most confused first, join the groups they stand in.
/// Classes that are never confused follow in their own order.
std::vector<size_t> confusion_order(const std::vector<std::vector<int64_t>>& counts);

}  // namespace fastintent::cli
