#pragma once

#include <span>

#include "compute/backend.h"

namespace fastintent {

/// Processes that train one model together (data parallel). Each has all data and computes its
/// share of every step; then they sum their gradients. All make the same calls in the same order,
/// from one thread. create_process_group.h makes a group.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;  ///< from 0
  virtual int size() const = 0;

  /// Replaces `values`, in the backend's memory, by their sum over the group: the same bits in
  /// every process.
  virtual void sum(Backend& backend, std::span<float> values) = 0;
  virtual double sum(double value) = 0;
};

/// The group of a process that trains alone.
class SingleProcess final : public ProcessGroup {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(Backend& /*backend*/, std::span<float> /*values*/) override {}
  double sum(double value) override { return value; }
};

}  // namespace fastintent
