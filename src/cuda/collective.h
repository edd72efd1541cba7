#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "cuda/runtime.h"

// What GPUs of several processes do together: NCCL, without its header and loaded when it is first
// asked for. tests/cuda_emulation/collective.cpp does the same between processes of one host.
namespace fastintent::cuda {

/// Throws device_missing unless NCCL is installed.
void require_collective();

/// Names a group that is to be: one process makes it and hands it to all others.
using GroupId = std::array<std::byte, 128>;
GroupId create_group_id();

/// This process's part of a group. One thread at a time; all processes make the same calls in the
/// same order. Throws device_missing when a GPU or another process fails, as far as NCCL notices.
class Collective {
 public:
  /// Returns when all `size` processes have called it, each with a GPU of its own.
  Collective(int device, const GroupId& id, int rank, int size);
  ~Collective();
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  /// Given to the stream, as a kernel is: replaces `values`, as many in all processes and on the
  /// device, by their sum over the group, the same bits in all.
  void sum(const Stream& stream, std::span<float> values) const;
  void sum(const Stream& stream, std::span<double> values) const;
  /// Waits until everything given to the stream is done, as Stream::synchronize does, but not for a
  /// process that has died: then it throws device_missing.
  void wait(const Stream& stream) const;

 private:
  struct Group;

  std::unique_ptr<Group> group_;
};

}  // namespace fastintent::cuda
