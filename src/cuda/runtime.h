#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cuda/launch_log.h"

// Our use of CUDA's runtime, without its headers: only kernels and the files that sources.cmake
// lists as `cuda_library_calls` include those. tests/cuda_emulation/runtime.cpp does the same on
// the host, for the emulated tests. Every call throws Error(device_missing) when the device fails,
// and std::bad_alloc when its memory is short. A kernel's own failure is reported by a later call,
// by synchronize() at the latest. Any thread may use any device.
namespace fastintent::cuda {

/// The properties of a GPU.
struct DeviceFacts {
  std::string name;    ///< "NVIDIA H100 80GB HBM3"
  std::string driver;  ///< "13.0"
  int major = 0;       ///< compute capability, 9.0 on Hopper
  int minor = 0;
  int multiprocessors = 0;
};

/// The memory of a GPU, in bytes.
struct DeviceMemoryFacts {
  int64_t total = 0;
  int64_t free = 0;       ///< of the complete device, including other programs
  int64_t allocated = 0;  ///< in use by this process
  int64_t cached = 0;     ///< kept by this process for later use
};

/// The number of GPUs that this process may use; 0 without a driver.
int device_count();
/// The reason why there are none, in CUDA's words: "no CUDA-capable device is detected".
std::string why_no_device();
DeviceFacts device_facts(int device);
DeviceMemoryFacts device_memory_facts(int device);
/// Returns memory kept for later use to the driver; does nothing on a device that was never used.
void trim_device_memory(int device);
/// Throws device_missing when this build has no code for that kind of GPU.
void require_code_for(int device);

class Graph;

/// A queue of work for one device: kernels, copies and products run in the order of submission. One
/// thread at a time.
class Stream {
 public:
  explicit Stream(int device);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int device() const { return device_; }
  /// cudaStream_t
  void* native() const { return native_; }

  /// Waits until all submitted work is done.
  void synchronize() const;

  /// `host` may be changed when the call returns, unless it is PinnedMemory: then only after the
  /// copy is done.
  void upload(const void* host, void* device, size_t bytes) const;
  /// Complete when the stream has done it; `host` may be any memory.
  void download(const void* device, void* host, size_t bytes) const;
  void copy(const void* from, void* to, size_t bytes) const;
  /// Copies rows of `row_bytes`, which are `from_stride` and `to_stride` bytes apart, on the device
  /// or the host. Waits for the copy if one side is host memory that is not PinnedMemory.
  void copy_rows(const void* from,
                 size_t from_stride,
                 void* to,
                 size_t to_stride,
                 size_t row_bytes,
                 size_t rows) const;
  void clear(void* device, size_t bytes) const;

  /// Returns the work that `work` submits to this stream as a graph, without running it. `work`
  /// must not wait, allocate, free or copy from memory that is not pinned. Other threads continue,
  /// but those that free device memory wait for the capture. The graph is empty when other code in
  /// the process, which may use CUDA beside us, waited for the complete device during the capture:
  /// that breaks every capture.
  Graph capture(const std::function<void()>& work) const;
  /// Runs a graph captured on this stream.
  void run(const Graph& graph) const;

  /// Logs kernels, products and clears in `log` from now on; null: no longer.
  void set_log(LaunchLog* log) { log_ = log; }
  /// Logs a launch with its arguments if there is a log; returns true if it must not be executed.
  template <class... Values>
  bool leaves_out(const Values&... order) const {
    if (log_ == nullptr) {
      return false;
    }
    log_->add(order...);
    return log_->muted();
  }

 private:
  int device_;
  LaunchLog* log_ = nullptr;
  void* native_ = nullptr;
};

/// Captured work, submitted to the device in one call.
class Graph {
 public:
  Graph() = default;
  explicit Graph(std::shared_ptr<void> native) : native_(std::move(native)) {}
  bool empty() const { return native_ == nullptr; }
  void* native() const { return native_.get(); }

 private:
  std::shared_ptr<void> native_;
};

/// Memory on a device, from a pool that keeps freed memory until trim_device_memory. The initial
/// contents are undefined. Freed when all streams are done with it.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(int device, size_t bytes);

  void* get() const { return data_.get(); }
  template <class Value>
  Value* as() const {
    return static_cast<Value*>(data_.get());
  }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* data) const;
  };
  std::unique_ptr<void, Free> data_;
  size_t size_ = 0;
};

/// Host memory that the device copies from and to while the host continues.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  explicit PinnedMemory(size_t bytes);

  std::byte* get() const { return static_cast<std::byte*>(data_.get()); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* data) const;
  };
  std::unique_ptr<void, Free> data_;
  size_t size_ = 0;
};

/// The seconds that `work`, submitted to the stream, takes on the device. Waits for it.
double seconds_on_device(const Stream& stream, const std::function<void()>& work);

}  // namespace fastintent::cuda
