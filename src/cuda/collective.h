#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "cuda/runtime.h"

// Collective operations of GPUs in several processes: NCCL, used without its header and loaded on
// first use. tests/cuda_emulation/collective.cpp does the same between processes of one host.
namespace fastintent::cuda {

/// Throws device_missing unless NCCL is installed.
void require_collective();

/// Identifies a group before it exists: one process creates it and sends it to all others.
using GroupId = std::array<std::byte, 128>;
GroupId create_group_id();

/// This process's membership of a group. One thread at a time; all processes make the same calls in
/// the same order. Throws device_missing when a GPU or another process fails, as far as NCCL
/// detects it.
class Collective {
 public:
  /// Returns when all `size` processes have called it, each with its own GPU.
  Collective(int device, const GroupId& id, int rank, int size);
  ~Collective();
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  /// Submits to the stream, like a kernel: replaces `values`, on the device and equally many in all
  /// processes, by their sum over the group, with the same bits in all.
  void sum(const Stream& stream, std::span<float> values) const;
  void sum(const Stream& stream, std::span<double> values) const;
  /// Waits until all work submitted to the stream is done, like Stream::synchronize, but does not
  /// wait for a process that has died: then it throws device_missing.
  void wait(const Stream& stream) const;

 private:
  struct Group;

  std::unique_ptr<Group> group_;
};

}  // namespace fastintent::cuda
