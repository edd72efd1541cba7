#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace fastintent {

/// A text that grows: on the stack as long as it is short, which most are.
class TextBuffer {
 public:
  TextBuffer() = default;
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  /// The end of the text, with room for `bytes` more; end_at adds what was written there.
  char* room(size_t bytes) {
    if (capacity_ - size_ < bytes) {
      move(bytes);
    }
    return data_ + size_;
  }
  /// The text ends at `end`, which is inside the room.
  void end_at(const char* end) { size_ = static_cast<size_t>(end - data_); }

  void append(std::string_view text) {
    char* const end = room(text.size());
    std::memcpy(end, text.data(), text.size());
    end_at(end + text.size());
  }

  void clear() { size_ = 0; }
  std::string_view view() const { return {data_, size_}; }

 private:
  void move(size_t bytes) {
    const size_t capacity = 2 * (size_ + bytes);
    auto larger = std::make_unique<char[]>(capacity);
    std::memcpy(larger.get(), data_, size_);
    heap_ = std::move(larger);
    data_ = heap_.get();
    capacity_ = capacity;
  }

  // Holds a block of a text (see ChainEncoder) with room for what grows.
  static constexpr size_t kOnStack = 4096;

  char stack_[kOnStack];
  std::unique_ptr<char[]> heap_;
  char* data_ = stack_;
  size_t size_ = 0;
  size_t capacity_ = kOnStack;
};

}  // namespace fastintent
