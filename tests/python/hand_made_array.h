#pragma once

#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_abi.h"

namespace fastintent::python {

/// An array made by hand. Each buffer is an allocation of its exact size, so that the address
/// sanitizer sees every byte read beside it.
struct HandMadeArray {
  HandMadeArray() {
    array.release = [](ArrowArray* released) { released->release = nullptr; };
  }

  template <typename T>
  void add(const std::vector<T>& values) {
    blocks.emplace_back(new char[values.size() * sizeof(T)]);
    if (!values.empty()) {
      std::memcpy(blocks.back().get(), values.data(), values.size() * sizeof(T));
    }
    add_pointer(blocks.back().get());
  }
  void add(std::string_view characters) {
    add(std::vector<char>(characters.begin(), characters.end()));
  }
  void add_none() { add_pointer(nullptr); }
  void add_child(HandMadeArray& child) {
    children.push_back(&child.array);
    array.children = children.data();
    ++array.n_children;
  }

  ArrowArray array{};
  std::vector<std::unique_ptr<char[]>> blocks;
  std::vector<const void*> pointers;
  std::vector<ArrowArray*> children;

 private:
  void add_pointer(const void* pointer) {
    pointers.push_back(pointer);
    array.buffers = pointers.data();
    ++array.n_buffers;
  }
};

/// A schema made by hand; `children` and `dictionary` must outlive it.
struct HandMadeSchema {
  explicit HandMadeSchema(const char* format, const char* name = "text") {
    schema.format = format;
    schema.name = name;
    schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  }
  void add_child(HandMadeSchema& child) {
    children.push_back(&child.schema);
    schema.children = children.data();
    ++schema.n_children;
  }

  ArrowSchema schema{};
  std::vector<ArrowSchema*> children;
};

/// "a", null, "card", "": as utf8, or as large_utf8 with offsets of 64 bits.
template <typename Offset = int32_t>
HandMadeArray four_texts() {
  HandMadeArray made;
  made.array.length = 4;
  made.array.null_count = 1;
  made.add(std::vector<uint8_t>{0b1101});
  made.add(std::vector<Offset>{0, 1, 1, 5, 5});
  made.add("acard");
  return made;
}

}  // namespace fastintent::python
