#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastintent {

/// Collects at most `room` ids and knows whether there were more.
struct IdSink {
  std::vector<int32_t>& ids;
  size_t room;
  bool truncated = false;

  void put(int32_t id) {
    if (room > 0) {
      ids.push_back(id);
    }
    take(1);
  }

  /// `count` ids came, of which as many as there was room for were appended to `ids`.
  void take(size_t count) {
    truncated = count > room;
    room -= std::min(count, room);
  }
};

}  // namespace fastintent
