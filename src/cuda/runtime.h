#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cuda/launch_log.h"

// What we ask of CUDA's run time, without its headers: only kernels and the files that
// sources.cmake lists as `cuda_library_calls` include those. tests/cuda_emulation/runtime.cpp does
// the same on the host, for the emulated tests. Every call throws Error(device_missing) when the
// device fails, and std::bad_alloc when its memory is short. A kernel's own failure shows in a
// later call, in synchronize() at the latest. Any thread may use any device.
namespace fastintent::cuda {

/// What a GPU is.
struct DeviceFacts {
  std::string name;    ///< "NVIDIA H100 80GB HBM3"
  std::string driver;  ///< "13.0"
  int major = 0;       ///< compute capability, 9.0 on Hopper
  int minor = 0;
  int multiprocessors = 0;
};

/// Bytes of a GPU's memory.
struct DeviceMemoryFacts {
  int64_t total = 0;
  int64_t free = 0;       ///< of the whole device, other programs counted
  int64_t allocated = 0;  ///< in use by this process
  int64_t cached = 0;     ///< kept by this process for later use
};

/// GPUs that this process may use; 0 without a driver.
int device_count();
/// Why there are none, in CUDA's words: "no CUDA-capable device is detected".
std::string why_no_device();
DeviceFacts device_facts(int device);
DeviceMemoryFacts device_memory_facts(int device);
/// Gives the memory kept for later use back to the driver; on a device never used does nothing.
void trim_device_memory(int device);
/// Throws device_missing when this build has no code for that kind of GPU.
void require_code_for(int device);

class Graph;

/// A queue of work for one device: kernels, copies and products run in the order in which they were
/// given. One thread at a time.
class Stream {
 public:
  explicit Stream(int device);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int device() const { return device_; }
  /// cudaStream_t
  void* native() const { return native_; }

  /// Waits until everything is done.
  void synchronize() const;

  /// `host` may be changed when the call returns, unless it is PinnedMemory: then only after the
  /// copy is done.
  void upload(const void* host, void* device, size_t bytes) const;
  /// Done when the stream is; `host` may be any memory.
  void download(const void* device, void* host, size_t bytes) const;
  void copy(const void* from, void* to, size_t bytes) const;
  /// Rows of `row_bytes`, `from_stride` and `to_stride` bytes apart, on the device or the host.
  /// Waits until they are copied where a side is host memory that is not PinnedMemory.
  void copy_rows(const void* from,
                 size_t from_stride,
                 void* to,
                 size_t to_stride,
                 size_t row_bytes,
                 size_t rows) const;
  void clear(void* device, size_t bytes) const;

  /// What `work` gives to this stream, as a graph instead of doing it. `work` must not wait,
  /// allocate, free or copy from memory that is not pinned. Other threads go on, but those that
  /// free memory of the device wait for it. An empty graph when somebody else in the process, which
  /// may use CUDA beside us, waited for the whole device meanwhile: that breaks every capture.
  Graph capture(const std::function<void()>& work) const;
  /// Runs a graph captured on this stream.
  void run(const Graph& graph) const;

  /// Has kernels, products and clears noted in `log` from now on; null: no more.
  void set_log(LaunchLog* log) { log_ = log; }
  /// Notes an order with its arguments where there is a log; true: it must not be carried out.
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

/// Work captured once, given to the device in one call.
class Graph {
 public:
  Graph() = default;
  explicit Graph(std::shared_ptr<void> native) : native_(std::move(native)) {}
  bool empty() const { return native_ == nullptr; }
  void* native() const { return native_.get(); }

 private:
  std::shared_ptr<void> native_;
};

/// Memory on a device, from a pool that keeps what is freed until trim_device_memory. Contents are
/// anything at first. Freed when all streams are done with it.
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

/// Host memory that the device copies from and to while the host goes on.
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

/// Seconds that `work`, given to the stream, takes on the device. Waits for it.
double seconds_on_device(const Stream& stream, const std::function<void()>& work);

}  // namespace fastintent::cuda
