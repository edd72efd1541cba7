#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastintent::cli {

/// An order of the classes of `counts` [label][predicted] in which classes that are confused with
/// each other are side by side: each pair, the most confused first, joins the groups of its two
/// classes. Classes that are never confused follow in their own order.
std::vector<size_t> confusion_order(const std::vector<std::vector<int64_t>>& counts);

}  // namespace fastintent::cli
