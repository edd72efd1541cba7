#include "report/confusion_order.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

namespace fastintent::cli {
namespace {

struct Pair {
  size_t first;
  size_t second;
  int64_t count;  // of both directions
};

std::vector<Pair> confused_pairs(const std::vector<ConfusionCell>& cells) {
  std::map<std::pair<int64_t, int64_t>, int64_t> counts;
  for (const ConfusionCell& cell : cells) {
    if (cell.label != cell.predicted) {
      counts[std::minmax(cell.label, cell.predicted)] += cell.count;
    }
  }
  std::vector<Pair> pairs;
  pairs.reserve(counts.size());
  for (const auto& [pair, count] : counts) {
    pairs.push_back({static_cast<size_t>(pair.first), static_cast<size_t>(pair.second), count});
  }
  std::stable_sort(
      pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.count > b.count; });
  return pairs;
}

bool in_first_half(const std::vector<size_t>& group, size_t member) {
  const auto place = std::find(group.begin(), group.end(), member) - group.begin();
  return 2 * place + 1 < std::ssize(group);
}

}  // namespace

std::vector<size_t> confusion_order(size_t classes, const std::vector<ConfusionCell>& cells) {
  std::vector<std::vector<size_t>> groups(classes);  // empty once joined to another
  std::vector<size_t> group_of(classes);
  std::iota(group_of.begin(), group_of.end(), size_t{0});
  for (size_t member = 0; member < classes; ++member) {
    groups[member] = {member};
  }
  for (const Pair& pair : confused_pairs(cells)) {
    const size_t into = group_of[pair.first];
    const size_t from = group_of[pair.second];
    if (into == from) {
      continue;
    }
    // Reversed where that brings the two classes of the pair closest to each other.
    if (in_first_half(groups[into], pair.first)) {
      std::reverse(groups[into].begin(), groups[into].end());
    }
    if (!in_first_half(groups[from], pair.second)) {
      std::reverse(groups[from].begin(), groups[from].end());
    }
    for (const size_t member : groups[from]) {
      group_of[member] = into;
    }
    std::move(groups[from].begin(), groups[from].end(), std::back_inserter(groups[into]));
    groups[from].clear();
  }
  // Stable: single classes keep their order, and so do groups of one size.
  std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return a.size() > b.size();
  });
  std::vector<size_t> order;
  for (const std::vector<size_t>& group : groups) {
    order.insert(order.end(), group.begin(), group.end());
  }
  return order;
}

}  // namespace fastintent::cli
