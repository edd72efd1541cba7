#include "batch/packed_batch.h"

namespace fastintent {

void PackedBatch::clear() {
  ids.clear();
  positions.clear();
  starts.assign(1, 0);
}

void PackedBatch::append(std::span<const int32_t> sequence) {
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  for (int32_t position = 0; position < static_cast<int32_t>(sequence.size()); ++position) {
    positions.push_back(position);
  }
  starts.push_back(static_cast<int32_t>(ids.size()));
}

}  // namespace fastintent
