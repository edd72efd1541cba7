#include "batch/packed_batch.h"

namespace fastintent {

void PackedBatch::clear() {
  ids.clear();
  positions.clear();
  starts.assign(1, 0);
}

void PackedBatch::append(std::span<const int32_t> sequence) {
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  int32_t next = padding_id_ ? 1 : 0;
  for (const int32_t id : sequence) {
    positions.push_back(padding_id_ == id ? 0 : next++);
  }
  starts.push_back(static_cast<int32_t>(ids.size()));
}

}  // namespace fastintent
