#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "compute/backend.h"
#include "fastintent/options.h"

namespace fastintent {

/// Throws invalid_argument, with the name `operation`, when `gpu` is set and `device` is not
/// Device::cuda.
void require_gpu_device(const char* operation, Device device, std::optional<int> gpu);

/// Where the workers of a classifier run: on the CPU, or spread over GPUs. Immutable: safe from
/// many threads.
class Placement {
 public:
  /// `gpu` empty: all GPUs. `threads` 0: as many workers as keep the device busy. Each GPU has at
  /// least one worker in both cases. Throws device_missing when the device or that GPU is absent.
  Placement(Device device, std::optional<int> gpu, int threads);

  /// 0: one per core.
  int workers() const { return workers_; }
  /// Creates the backend of a worker, by its number: worker w runs on GPU w modulo their count.
  std::unique_ptr<Backend> create_backend(int worker) const;
  /// For queries about the device; computes nothing.
  const Backend& device() const { return *device_; }
  const std::vector<int>& gpus() const { return gpus_; }  // by number; empty: not on GPUs

 private:
  Device kind_;
  std::vector<int> gpus_;
  std::unique_ptr<const Backend> device_;
  int workers_;
};

}  // namespace fastintent
