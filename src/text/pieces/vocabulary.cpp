#include "text/pieces/vocabulary.h"

#include <algorithm>
#include <functional>

namespace fastintent {
namespace {

constexpr int32_t kEmpty = -1;
constexpr size_t kFirstSlots = 64;
// Half of the slots stay empty, so that a search ends after one or two.
constexpr size_t kSlotsPerEntry = 2;

}  // namespace

void Vocabulary::set(std::string token, int32_t id) {
  if (slots_.size() < kSlotsPerEntry * (entries_.size() + 1)) {
    grow();
  }
  int32_t& entry = slots_[slot_of(token)];
  if (entry != kEmpty) {
    entries_[static_cast<size_t>(entry)].second = id;
    return;
  }
  entry = static_cast<int32_t>(entries_.size());
  entries_.emplace_back(std::move(token), id);
}

int32_t Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) {
    return -1;
  }
  const int32_t entry = slots_[slot_of(token)];
  return entry == kEmpty ? -1 : entries_[static_cast<size_t>(entry)].second;
}

int32_t Vocabulary::id_count() const {
  int32_t count = 0;
  for (const Entry& entry : entries_) {
    count = std::max(count, entry.second + 1);
  }
  return count;
}

size_t Vocabulary::slot_of(std::string_view token) const {
  const size_t last = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>()(token) & last;
  while (slots_[slot] != kEmpty && entries_[static_cast<size_t>(slots_[slot])].first != token) {
    slot = (slot + 1) & last;
  }
  return slot;
}

void Vocabulary::grow() {
  slots_.assign(std::max(kFirstSlots, 2 * slots_.size()), kEmpty);
  for (size_t i = 0; i < entries_.size(); ++i) {
    slots_[slot_of(entries_[i].first)] = static_cast<int32_t>(i);
  }
}

}  // namespace fastintent
