#include "cuda/runtime.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/address_sanitizer.h"
#include "emulated_device.h"

#if defined(FASTINTENT_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace fastintent::cuda {
namespace {

using Work = std::function<void()>;

// The emulated cudaStream_t: work that is waiting, and the graph that is being captured, if any.
struct Queue {
  std::deque<Work> waiting;
  std::vector<Work>* capturing = nullptr;
};

Queue& queue_of(const Stream& stream) {
  return *static_cast<Queue*>(stream.native());
}

// Memory of the device. While no device work runs, the address sanitizer reports every access to
// it.
class Memory {
 public:
  void* allocate(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      throw std::bad_alloc();
    }
    void* data = nullptr;
    // As cudaMalloc aligns.
    if (posix_memalign(&data, 256, bytes) != 0) {
      throw std::bad_alloc();
    }
    std::memset(data, 0xff, bytes);
    blocks_.emplace(static_cast<std::byte*>(data), bytes);
    allocated_ += static_cast<int64_t>(bytes);
    hide(data, bytes);
    return data;
  }

  void release(void* data) {
    const std::lock_guard lock(mutex_);
    const auto block = blocks_.find(static_cast<std::byte*>(data));
    allocated_ -= static_cast<int64_t>(block->second);
    show(data, block->second);
    blocks_.erase(block);
    std::free(data);
  }

  bool holds(const void* data) {
    const std::lock_guard lock(mutex_);
    const auto* byte = static_cast<const std::byte*>(data);
    auto after = blocks_.upper_bound(const_cast<std::byte*>(byte));
    if (after == blocks_.begin()) {
      return false;
    }
    const auto& [begin, bytes] = *--after;
    // An empty view at the end of a block points to the block's end.
    return byte <= begin + bytes;
  }

  void open() {
    const std::lock_guard lock(mutex_);
    for (const auto& [data, bytes] : blocks_) {
      show(data, bytes);
    }
  }
  void close() {
    const std::lock_guard lock(mutex_);
    for (const auto& [data, bytes] : blocks_) {
      hide(data, bytes);
    }
  }

  int64_t allocated() const { return allocated_; }
  void fail(int count) { failures_ = count; }

 private:
  static void hide([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#if defined(FASTINTENT_ADDRESS_SANITIZER)
    __asan_poison_memory_region(data, bytes);
#endif
  }
  static void show([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#if defined(FASTINTENT_ADDRESS_SANITIZER)
    __asan_unpoison_memory_region(data, bytes);
#endif
  }

  std::mutex mutex_;
  std::map<std::byte*, size_t> blocks_;
  int64_t allocated_ = 0;
  int failures_ = 0;
};

Memory& memory() {
  static Memory instance;
  return instance;
}

// A device does one thing at a time, whatever the streams.
std::recursive_mutex& device_lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

std::set<Queue*>& all_queues() {
  static std::set<Queue*> queues;
  return queues;
}

// Runs the waiting work. If one item fails, the rest is dropped, as after an error of a device.
void finish(Queue& queue) {
  const std::deque<Work> all = std::exchange(queue.waiting, {});
  memory().open();
  try {
    for (const Work& work : all) {
      work();
    }
  } catch (...) {
    memory().close();
    throw;
  }
  memory().close();
}

std::mutex& pinned_lock() {
  static std::mutex mutex;
  return mutex;
}
std::map<const std::byte*, size_t>& pinned_blocks() {
  static std::map<const std::byte*, size_t> blocks;
  return blocks;
}

bool is_pinned(const void* data) {
  const std::lock_guard lock(pinned_lock());
  const auto* byte = static_cast<const std::byte*>(data);
  auto after = pinned_blocks().upper_bound(byte);
  if (after == pinned_blocks().begin()) {
    return false;
  }
  const auto& [begin, bytes] = *--after;
  return byte < begin + bytes;
}

std::atomic<int>& devices_here() {
  static std::atomic<int> count{1};
  return count;
}

std::atomic<int>& graph_runs_so_far() {
  static std::atomic<int> count{0};
  return count;
}

std::atomic<int>& captures_to_break() {
  static std::atomic<int> count{0};
  return count;
}

constexpr int64_t kTotalBytes = int64_t{1} << 30;

}  // namespace

namespace emulation {

void enqueue(const Stream& stream, Work work) {
  const std::lock_guard lock(device_lock());
  Queue& queue = queue_of(stream);
  if (queue.capturing != nullptr) {
    queue.capturing->push_back(std::move(work));
  } else {
    queue.waiting.push_back(std::move(work));
  }
}

void require_device_memory(const void* data) {
  if (data != nullptr && !memory().holds(data)) {
    fail("launch: expected pointers to device memory, found another");
  }
}

void fail(const char* message) {
  throw std::logic_error(message);
}

void set_device_count(int count) {
  devices_here() = count;
}

void fail_allocations(int count) {
  memory().fail(count);
}

void break_captures(int count) {
  captures_to_break() = count;
}

int graph_runs() {
  return graph_runs_so_far();
}

}  // namespace emulation

int device_count() {
  return devices_here();
}

std::string why_no_device() {
  return "none is emulated";
}

void require_code_for(int /*device*/) {}

DeviceFacts device_facts(int /*device*/) {
  return {"emulated", "0", 9, 0, 4};
}

DeviceMemoryFacts device_memory_facts(int /*device*/) {
  const int64_t allocated = memory().allocated();
  return {kTotalBytes, kTotalBytes - allocated, allocated, 0};
}

void trim_device_memory(int /*device*/) {}

Stream::Stream(int device) : device_(device), native_(new Queue) {
  const std::lock_guard lock(device_lock());
  all_queues().insert(&queue_of(*this));
}

Stream::~Stream() {
  const std::lock_guard lock(device_lock());
  finish(queue_of(*this));
  all_queues().erase(&queue_of(*this));
  delete &queue_of(*this);
}

void Stream::synchronize() const {
  Queue& queue = queue_of(*this);
  if (queue.capturing != nullptr) {
    emulation::fail("synchronize: the stream is being captured");
  }
  const std::lock_guard lock(device_lock());
  finish(queue);
}

void Stream::upload(const void* host, void* device, size_t bytes) const {
  emulation::require_device_memory(device);
  if (is_pinned(host)) {
    emulation::enqueue(*this, [=] { std::memcpy(device, host, bytes); });
    return;
  }
  if (queue_of(*this).capturing != nullptr) {
    emulation::fail("upload: expected pinned memory while the stream is captured");
  }
  std::vector<std::byte> staged(bytes);
  std::memcpy(staged.data(), host, bytes);
  emulation::enqueue(*this, [=, staged = std::move(staged)] {
    std::memcpy(device, staged.data(), staged.size());
  });
}

void Stream::download(const void* device, void* host, size_t bytes) const {
  emulation::require_device_memory(device);
  emulation::enqueue(*this, [=] { std::memcpy(host, device, bytes); });
}

void Stream::copy(const void* from, void* to, size_t bytes) const {
  emulation::require_device_memory(from);
  emulation::require_device_memory(to);
  emulation::enqueue(*this, [=] { std::memmove(to, from, bytes); });
}

void Stream::copy_rows(const void* from,
                       size_t from_stride,
                       void* to,
                       size_t to_stride,
                       size_t row_bytes,
                       size_t rows) const {
  if (queue_of(*this).capturing != nullptr) {
    emulation::fail("copy_rows: expected a stream that is not captured");
  }
  // Host memory may be on either side: the call waits, as CUDA does for memory that is not pinned.
  emulation::enqueue(*this, [=] {
    for (size_t row = 0; row < rows; ++row) {
      std::memmove(static_cast<std::byte*>(to) + row * to_stride,
                   static_cast<const std::byte*>(from) + row * from_stride,
                   row_bytes);
    }
  });
  synchronize();
}

void Stream::clear(void* device, size_t bytes) const {
  if (leaves_out(device, bytes)) {
    return;
  }
  emulation::require_device_memory(device);
  emulation::enqueue(*this, [=] { std::memset(device, 0, bytes); });
}

Graph Stream::capture(const std::function<void()>& work) const {
  auto captured = std::make_shared<std::vector<Work>>();
  Queue& queue = queue_of(*this);
  queue.capturing = captured.get();
  try {
    work();
  } catch (...) {
    queue.capturing = nullptr;
    throw;
  }
  queue.capturing = nullptr;
  if (captures_to_break() > 0) {
    --captures_to_break();
    return {};
  }
  return Graph(captured);
}

void Stream::run(const Graph& graph) const {
  ++graph_runs_so_far();
  for (const Work& work : *static_cast<std::vector<Work>*>(graph.native())) {
    emulation::enqueue(*this, work);
  }
}

DeviceMemory::DeviceMemory(int /*device*/, size_t bytes)
    : data_(memory().allocate(bytes)), size_(bytes) {}

void DeviceMemory::Free::operator()(void* data) const {
  const std::lock_guard lock(device_lock());
  for (Queue* queue : all_queues()) {
    finish(*queue);
  }
  memory().release(data);
}

PinnedMemory::PinnedMemory(size_t bytes) : data_(std::malloc(bytes)), size_(bytes) {
  if (data_ == nullptr) {
    throw std::bad_alloc();
  }
  const std::lock_guard lock(pinned_lock());
  pinned_blocks().emplace(get(), bytes);
}

void PinnedMemory::Free::operator()(void* data) const {
  {
    const std::lock_guard lock(pinned_lock());
    pinned_blocks().erase(static_cast<const std::byte*>(data));
  }
  std::free(data);
}

double seconds_on_device(const Stream& stream, const std::function<void()>& work) {
  work();
  stream.synchronize();
  return 1;  // no clock here: all algorithms are alike
}

}  // namespace fastintent::cuda
