#pragma once

#include <cstdint>
#include <utility>

// The structs of the Arrow C data interface and of the Arrow C stream interface, as their
// specification defines them to be copied (https://arrow.apache.org/docs/format/CDataInterface.html).
// The guards are those of the specification: a file that includes Arrow's headers too sees them
// once. Their members are documented there.
extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif
}

namespace fastintent::python {

/// One of the structs above and what it refers to: released once, when this is destroyed, unless
/// somebody moved the struct out of it.
template <typename Struct>
class ArrowOwned {
 public:
  ArrowOwned() = default;
  /// Takes over `from`, which counts as released afterwards.
  explicit ArrowOwned(Struct& from) : value_(from) { from.release = nullptr; }
  ~ArrowOwned() { release(); }
  ArrowOwned(ArrowOwned&& other) noexcept : ArrowOwned(other.value_) {}
  ArrowOwned& operator=(ArrowOwned&& other) noexcept {
    if (this != &other) {
      release();
      value_ = std::exchange(other.value_, Struct{});
    }
    return *this;
  }

  /// For a function that fills the struct, and for one that moves it away.
  Struct& get() { return value_; }
  const Struct& get() const { return value_; }
  bool is_released() const { return value_.release == nullptr; }

 private:
  void release() {
    if (value_.release != nullptr) {
      value_.release(&value_);
    }
  }

  Struct value_{};
};

}  // namespace fastintent::python
