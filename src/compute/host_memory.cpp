#include "compute/host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/checked_size.h"

namespace fastintent {
namespace {

// Blocks of at least this size come from the system page by page, zeroed when first touched: most
// of the moments of a word table are never touched. Huge pages for all were tried; they did not
// speed up training and only increased resident memory.
constexpr int64_t kLargeBlock = (1 << 20) / sizeof(float);
constexpr size_t kAlignment = 64;  // a cache line, and the widest vector

size_t bytes_of(int64_t floats) {
  const auto bytes = checked_product(floats, sizeof(float));
  if (!bytes || !checked_sum(*bytes, kAlignment)) {
    throw std::bad_alloc();
  }
  return (std::max<size_t>(1, static_cast<size_t>(*bytes)) + kAlignment - 1) / kAlignment *
         kAlignment;
}

void release(float* data, int64_t floats) {
  if (floats >= kLargeBlock) {
    munmap(data, bytes_of(floats));
  } else {
    std::free(data);
  }
}

// The data as one row; its filler rows do not matter to a copy.
template <class Value>
TensorView<Value> in_one_row(Value* data, const Buffer& buffer) {
  return {data, 1, buffer.size()};
}

}  // namespace

Buffer allocate_host_memory(int64_t floats) {
  const size_t bytes = bytes_of(floats);
  if (floats >= kLargeBlock) {
    void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
      throw std::bad_alloc();
    }
    return {static_cast<float*>(mapped), floats, release};
  }
  auto* data = static_cast<float*>(std::aligned_alloc(kAlignment, bytes));
  if (data == nullptr) {
    throw std::bad_alloc();
  }
  std::fill_n(data, bytes / sizeof(float), 0.0F);
  return {data, floats, release};
}

void prefer_huge_pages(const Buffer& buffer) {
  if (buffer.size() >= kLargeBlock) {
    // Only advice: without huge pages the buffer has ordinary ones.
    static_cast<void>(::madvise(buffer.data(), bytes_of(buffer.size()), MADV_HUGEPAGE));
  }
}

HostView::HostView(Backend& backend, const Buffer& buffer) : backend_(backend), buffer_(buffer) {
  if (!backend.traits().shares_host_memory) {
    copy_ = allocate_host_memory(buffer.size());
  }
}

std::span<float> HostView::values() const {
  float* data = copy_.data() != nullptr ? copy_.data() : buffer_.data();
  return {data, static_cast<size_t>(buffer_.size())};
}

void HostView::read() {
  if (copy_.data() == nullptr) {
    return;
  }
  backend_.download(in_one_row<const float>(buffer_.data(), buffer_),
                    in_one_row(copy_.data(), buffer_));
}

void HostView::write() const {
  if (copy_.data() == nullptr) {
    return;
  }
  backend_.upload(in_one_row<const float>(copy_.data(), buffer_),
                  in_one_row(buffer_.data(), buffer_));
}

}  // namespace fastintent
