#include "cuda/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>

#include "cuda/cuda_call.h"
#include "fastintent/error.h"

// Memory comes from a pool of our own, not from the device's default pool, which others in the
// process may use (torch can). It is allocated and freed through one stream of its own: every
// stream may use an allocation. The pool does not know which streams still use freed memory, so a
// free first waits for all of our streams. A stream that is being captured must not be waited for:
// captures and frees exclude each other.
namespace fastintent::cuda {
namespace {

struct DeviceState {
  cudaMemPool_t pool = nullptr;
  cudaStream_t memory_stream = nullptr;
  std::recursive_mutex lock;       // a free inside a capture is then an error, not a deadlock
  std::set<cudaStream_t> streams;  // ours; under the lock
};

cudaStream_t create_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream", "a new stream");
  return stream;
}

std::unique_ptr<DeviceState> open_device(int device) {
  const CurrentDevice current(device);
  auto state = std::make_unique<DeviceState>();
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location = {cudaMemLocationTypeDevice, device};
  check(cudaMemPoolCreate(&state->pool, &properties), "memory", "a device with memory pools");
  // The pool returns no memory to the driver by itself.
  uint64_t kept = UINT64_MAX;
  check(cudaMemPoolSetAttribute(state->pool, cudaMemPoolAttrReleaseThreshold, &kept),
        "memory",
        "a pool that keeps what is freed");
  state->memory_stream = create_stream();
  return state;
}

// Never destroyed: memory may be freed while the process ends.
struct Devices {
  std::mutex lock;
  std::map<int, std::unique_ptr<DeviceState>> open;  // under the lock
};
Devices& devices() {
  static Devices& all = *new Devices;
  return all;
}

DeviceState& state_of(int device) {
  const std::lock_guard guard(devices().lock);
  std::unique_ptr<DeviceState>& state = devices().open[device];
  if (state == nullptr) {
    state = open_device(device);
  }
  return *state;
}

bool is_open(int device) {
  const std::lock_guard guard(devices().lock);
  return devices().open.contains(device);
}

cudaStream_t native_stream(const Stream& stream) {
  return static_cast<cudaStream_t>(stream.native());
}

cudaPointerAttributes facts_of(const void* data) {
  cudaPointerAttributes facts{};
  check(cudaPointerGetAttributes(&facts, data), "memory", "a pointer to memory");
  return facts;
}

// Pageable host memory, which the device cannot access directly.
bool is_pageable(const void* data) {
  return facts_of(data).type == cudaMemoryTypeUnregistered;
}

void trim(const DeviceState& state) {
  // Memory that is being returned to the pool counts as free when its stream is done.
  check(cudaStreamSynchronize(state.memory_stream), "memory", "memory to be freed");
  check(cudaMemPoolTrimTo(state.pool, 0), "memory", "memory to go back to the driver");
}

void* allocate(int device, size_t bytes) {
  const DeviceState& state = state_of(device);
  const CurrentDevice current(device);
  void* data = nullptr;
  // The pool refuses a size of 0.
  const size_t asked = std::max<size_t>(1, bytes);
  const auto ask = [&] {
    return cudaMallocFromPoolAsync(&data, asked, state.pool, state.memory_stream);
  };
  cudaError_t status = ask();
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    trim(state);
    status = ask();
  }
  check(status, "memory", "memory of the device");
  check(cudaStreamSynchronize(state.memory_stream), "memory", "memory of the device");
  return data;
}

void* allocate_pinned(size_t bytes) {
  // On the device in use, so that no other is initialised for it; every device may copy from it.
  const CurrentDevice current(CurrentDevice::latest());
  void* data = nullptr;
  check(cudaHostAlloc(&data, std::max<size_t>(1, bytes), cudaHostAllocPortable),
        "memory",
        "pinned memory");
  return data;
}

int64_t pool_bytes(const DeviceState& state, cudaMemPoolAttr attribute) {
  uint64_t bytes = 0;
  check(cudaMemPoolGetAttribute(state.pool, attribute, &bytes), "memory", "the pool's size");
  return static_cast<int64_t>(bytes);
}

class Event {
 public:
  Event() { check(cudaEventCreate(&native_), "timing", "a new event"); }
  ~Event() { cudaEventDestroy(native_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  cudaEvent_t native() const { return native_; }
  void record(const Stream& stream) const {
    check(cudaEventRecord(native_, native_stream(stream)), "timing", "an event to be recorded");
  }

 private:
  cudaEvent_t native_ = nullptr;
};

struct DestroyGraph {
  void operator()(cudaGraph_t graph) const { cudaGraphDestroy(graph); }
};
using CapturedGraph = std::unique_ptr<CUgraph_st, DestroyGraph>;

// Ends a capture; null when it was broken (see Stream::capture).
CapturedGraph end_capture(cudaStream_t stream) {
  cudaGraph_t captured = nullptr;
  const cudaError_t status = cudaStreamEndCapture(stream, &captured);
  CapturedGraph graph(captured);
  if (status == cudaErrorStreamCaptureInvalidated) {
    cudaGetLastError();
    return nullptr;
  }
  check(status, "capture", "work that a graph can hold");
  return graph;
}

}  // namespace

int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) {
    return count;
  }
  cudaGetLastError();  // no driver, or one that is too old: no device
  return 0;
}

std::string why_no_device() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  return cudaGetErrorString(status == cudaSuccess ? cudaErrorNoDevice : status);
}

DeviceFacts device_facts(int device) {
  cudaDeviceProp found{};
  check(cudaGetDeviceProperties(&found, device), "device", "a CUDA device");
  int driver = 0;
  check(cudaDriverGetVersion(&driver), "device", "a CUDA driver");
  // 13000 is 13.0, 12080 is 12.8.
  return {found.name,
          fmt::format("{}.{}", driver / 1000, driver % 1000 / 10),
          found.major,
          found.minor,
          found.multiProcessorCount};
}

DeviceMemoryFacts device_memory_facts(int device) {
  const DeviceState& state = state_of(device);
  const CurrentDevice current(device);
  size_t free = 0;
  size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "memory", "the size of the device's memory");
  const int64_t used = pool_bytes(state, cudaMemPoolAttrUsedMemCurrent);
  const int64_t reserved = pool_bytes(state, cudaMemPoolAttrReservedMemCurrent);
  return {static_cast<int64_t>(total), static_cast<int64_t>(free), used, reserved - used};
}

void trim_device_memory(int device) {
  if (!is_open(device)) {
    return;
  }
  const DeviceState& state = state_of(device);
  const CurrentDevice current(device);
  trim(state);
}

Stream::Stream(int device) : device_(device) {
  DeviceState& state = state_of(device);
  const CurrentDevice current(device);
  const std::lock_guard lock(state.lock);
  native_ = create_stream();
  state.streams.insert(native_stream(*this));
}

Stream::~Stream() {
  DeviceState& state = state_of(device_);
  const std::lock_guard lock(state.lock);
  state.streams.erase(native_stream(*this));
  // An error was already reported to a thread that waited for the work; otherwise it is ignored.
  cudaStreamSynchronize(native_stream(*this));
  cudaStreamDestroy(native_stream(*this));
  cudaGetLastError();
}

void Stream::synchronize() const {
  const CurrentDevice current(device_);
  check(cudaStreamSynchronize(native_stream(*this)), "synchronize", "all work to be done");
}

void Stream::upload(const void* host, void* device, size_t bytes) const {
  if (bytes == 0) {
    return;
  }
  const CurrentDevice current(device_);
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, native_stream(*this)),
        "upload",
        "a copy to the device");
  // CUDA only guarantees that such a copy may have left the host's memory.
  if (is_pageable(host)) {
    synchronize();
  }
}

void Stream::download(const void* device, void* host, size_t bytes) const {
  if (bytes == 0) {
    return;
  }
  const CurrentDevice current(device_);
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, native_stream(*this)),
        "download",
        "a copy to the host");
}

void Stream::copy(const void* from, void* to, size_t bytes) const {
  if (bytes == 0) {
    return;
  }
  const CurrentDevice current(device_);
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, native_stream(*this)),
        "copy",
        "a copy on the device");
}

void Stream::copy_rows(const void* from,
                       size_t from_stride,
                       void* to,
                       size_t to_stride,
                       size_t row_bytes,
                       size_t rows) const {
  if (row_bytes == 0 || rows == 0) {
    return;
  }
  const CurrentDevice current(device_);
  const bool in_one_piece = rows == 1 || (from_stride == row_bytes && to_stride == row_bytes);
  const cudaError_t status =
      in_one_piece
          ? cudaMemcpyAsync(to, from, row_bytes * rows, cudaMemcpyDefault, native_stream(*this))
          : cudaMemcpy2DAsync(to,
                              to_stride,
                              from,
                              from_stride,
                              row_bytes,
                              rows,
                              cudaMemcpyDefault,
                              native_stream(*this));
  check(status, "copy", "rows to be copied");
  if (is_pageable(from) || is_pageable(to)) {
    synchronize();
  }
}

void Stream::clear(void* device, size_t bytes) const {
  if (bytes == 0 || leaves_out(device, bytes)) {
    return;
  }
  const CurrentDevice current(device_);
  check(cudaMemsetAsync(device, 0, bytes, native_stream(*this)), "clear", "memory of the device");
}

Graph Stream::capture(const std::function<void()>& work) const {
  const std::lock_guard lock(state_of(device_).lock);
  const CurrentDevice current(device_);
  const cudaStream_t stream = native_stream(*this);
  // For this thread alone: calls of other threads are not captured and are no errors.
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
        "capture",
        "a stream that can be captured");
  try {
    work();
  } catch (...) {
    if (end_capture(stream) == nullptr) {
      return {};
    }
    throw;
  }
  const CapturedGraph graph = end_capture(stream);
  if (graph == nullptr) {
    return {};
  }
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph.get(), 0), "capture", "a graph that can run");
  // A graph that still runs is destroyed when it is done.
  return Graph(std::shared_ptr<void>(executable, [](void* native) {
    cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(native));
  }));
}

void Stream::run(const Graph& graph) const {
  const CurrentDevice current(device_);
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph.native()), native_stream(*this)),
        "launch",
        "a graph to start");
}

DeviceMemory::DeviceMemory(int device, size_t bytes)
    : data_(allocate(device, bytes)), size_(bytes) {}

// Failures are left to the next call: the memory of a failed device is lost anyway.
void DeviceMemory::Free::operator()(void* data) const {
  try {
    DeviceState& state = state_of(facts_of(data).device);
    const std::lock_guard lock(state.lock);
    for (cudaStream_t stream : state.streams) {
      cudaStreamSynchronize(stream);
    }
    cudaFreeAsync(data, state.memory_stream);
    cudaGetLastError();
  } catch (const Error&) {
    // The driver was unloaded before this destructor ran: the process is ending.
  }
}

PinnedMemory::PinnedMemory(size_t bytes) : data_(allocate_pinned(bytes)), size_(bytes) {}

void PinnedMemory::Free::operator()(void* data) const {
  if (cudaFreeHost(data) != cudaSuccess) {
    cudaGetLastError();
  }
}

double seconds_on_device(const Stream& stream, const std::function<void()>& work) {
  const CurrentDevice current(stream.device());
  const Event start;
  const Event stop;
  start.record(stream);
  work();
  stop.record(stream);
  check(cudaEventSynchronize(stop.native()), "timing", "the work to be done");
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.native(), stop.native()), "timing", "a duration");
  return static_cast<double>(milliseconds) / 1000;
}

}  // namespace fastintent::cuda
