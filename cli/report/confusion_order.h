#pragma once

#include <cstddef>
#include <vector>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// An order of `classes` classes, whose confusions are `cells`, in which classes that are confused
/// with each other are side by side: each pair, the most confused first, joins the groups of its two
/// classes. Classes that are never confused follow in their own order.
std::vector<size_t> confusion_order(size_t classes, const std::vector<ConfusionCell>& cells);

}  // namespace fastintent::cli
