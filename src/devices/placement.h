#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "compute/backend.h"
#include "fastintent/options.h"

namespace fastintent {

/// Throws invalid_argument, in the name of `operation`, when a GPU is named for a device that is
/// none.
void require_gpu_device(const char* operation, Device device, std::optional<int> gpu);

/// Where the workers of a classifier run: on the processor, or spread over GPUs. Immutable: safe
/// from many threads.
class Placement {
 public:
  /// `gpu` empty: all there are. `threads` 0: as many workers as keep the device busy; at least
  /// one a GPU either way. Throws device_missing when the device or that GPU is absent.
  Placement(Device device, std::optional<int> gpu, int threads);

  /// 0: one for each core.
  int workers() const { return workers_; }
  /// That of a worker, by its number: worker w runs on the GPU w modulo their count.
  std::unique_ptr<Backend> create_backend(int worker) const;
  /// For questions about the device; computes nothing.
  const Backend& device() const { return *device_; }
  const std::vector<int>& gpus() const { return gpus_; }  // by number; empty: not on GPUs

 private:
  Device kind_;
  std::vector<int> gpus_;
  std::unique_ptr<const Backend> device_;
  int workers_;
};

}  // namespace fastintent
