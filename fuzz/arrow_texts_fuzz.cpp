#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <list>

#include "arrow_texts.h"
#include "fastintent/error.h"
#include "python/hand_made_array.h"

// Arrow arrays that say anything about themselves: each buffer has the size that the array promises,
// or is missing, so that the address sanitizer sees what is read beside it.

namespace {

using namespace fastintent;
using namespace fastintent::python;

// The input, byte by byte; zeros after its end.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}

  uint8_t byte() { return next_ == end_ ? 0 : *next_++; }
  int8_t number() { return static_cast<int8_t>(byte()); }
  bool rarely() { return byte() > 240; }
  std::vector<uint8_t> bytes(size_t count) {
    std::vector<uint8_t> all(count);
    std::generate(all.begin(), all.end(), [this] { return byte(); });
    return all;
  }

 private:
  const uint8_t* next_;
  const uint8_t* end_;
};

class MadeInput {
 public:
  explicit MadeInput(Choices& choices) : choices_(choices) {
    HandMadeSchema& texts = strings_or_dictionary();
    if (choices_.byte() % 2 == 0) {
      schema_ = &texts.schema;
      array_ = &arrays_.back().array;
      return;
    }
    HandMadeArray& column = arrays_.back();
    HandMadeArray& batch = add_array();
    add_bitmap(batch);
    batch.add_child(column);
    batch.array.n_children += choices_.rarely() ? 1 : 0;
    HandMadeSchema& whole = schemas_.emplace_back("+s");
    whole.add_child(texts);
    spoil(batch);
    schema_ = &whole.schema;
    array_ = &batch.array;
  }

  const ArrowSchema& schema() const { return *schema_; }
  const ArrowArray& array() const { return *array_; }

 private:
  HandMadeArray& add_array() {
    HandMadeArray& made = arrays_.emplace_back();
    made.array.length = choices_.number();
    made.array.offset = choices_.rarely() ? choices_.number() : choices_.byte() % 4;
    made.array.null_count = choices_.number() % 4;
    return made;
  }

  static size_t rows(const HandMadeArray& made) {
    return static_cast<size_t>(std::max<int64_t>(made.array.length, 0) +
                               std::max<int64_t>(made.array.offset, 0));
  }

  void add_bitmap(HandMadeArray& made) {
    if (choices_.byte() % 2 == 0) {
      made.add_none();
    } else {
      made.add(choices_.bytes((rows(made) + 7) / 8));
    }
  }

  // One buffer less of an array of views is another array of views.
  void spoil(HandMadeArray& made, bool of_views = false) {
    if (choices_.rarely() && made.array.n_buffers > 0) {
      made.pointers[choices_.byte() % made.pointers.size()] = nullptr;
    }
    if (choices_.rarely() && !of_views) {
      made.array.n_buffers -= 1;
    }
  }

  template <typename Offset>
  void add_offsets(HandMadeArray& made) {
    std::vector<Offset> offsets;
    Offset at = 0;
    for (size_t i = 0; i <= rows(made); ++i) {
      offsets.push_back(at);
      at += choices_.rarely() ? choices_.number() : choices_.byte() % 16;
    }
    if (choices_.rarely()) {
      offsets.front() = choices_.number();
    }
    const auto size = static_cast<size_t>(std::max<Offset>(offsets.back(), 0));
    made.add(offsets);
    made.add(choices_.bytes(size));
  }

  void add_views(HandMadeArray& made) {
    std::vector<int32_t> views;
    for (size_t i = 0; i < rows(made); ++i) {
      views.insert(views.end(), {choices_.number(), 0, choices_.byte() % 4, choices_.number()});
    }
    made.add(views);
    std::vector<int64_t> sizes(choices_.byte() % 4);
    for (int64_t& size : sizes) {
      size = choices_.byte();
      made.add(choices_.bytes(static_cast<size_t>(size)));
    }
    if (choices_.rarely() && !sizes.empty()) {
      sizes.back() = choices_.byte() % 2 == 0 ? INT64_MIN : -1;
    }
    made.add(sizes);
  }

  HandMadeSchema& strings() {
    constexpr const char* kFormats[] = {"u", "U", "vu", "n", "l"};
    const size_t kind = choices_.byte() % std::size(kFormats);
    HandMadeArray& made = add_array();
    if (kind != 3) {
      add_bitmap(made);
    }
    if (kind == 0) {
      add_offsets<int32_t>(made);
    } else if (kind == 1) {
      add_offsets<int64_t>(made);
    } else if (kind == 2) {
      add_views(made);
    }
    spoil(made, kind == 2);
    return schemas_.emplace_back(kFormats[kind]);
  }

  HandMadeSchema& strings_or_dictionary() {
    HandMadeSchema& values = strings();
    if (choices_.byte() % 2 == 0) {
      return values;
    }
    constexpr const char* kFormats[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
    constexpr size_t kSizes[] = {1, 1, 2, 2, 4, 4, 8, 8};
    const size_t kind = choices_.byte() % std::size(kFormats);
    HandMadeArray& dictionary = arrays_.back();
    HandMadeArray& made = add_array();
    add_bitmap(made);
    std::vector<uint8_t> indices(rows(made) * kSizes[kind]);
    for (size_t i = 0; i < indices.size(); i += kSizes[kind]) {
      indices[i] = choices_.byte() % 16;
    }
    if (choices_.rarely() && !indices.empty()) {
      indices.back() = choices_.byte();
    }
    made.add(indices);
    made.array.dictionary = choices_.rarely() ? nullptr : &dictionary.array;
    spoil(made);
    HandMadeSchema& schema = schemas_.emplace_back(kFormats[kind]);
    schema.schema.dictionary = &values.schema;
    return schema;
  }

  Choices& choices_;
  std::list<HandMadeArray> arrays_;    // those inside others first
  std::list<HandMadeSchema> schemas_;  // as well
  const ArrowSchema* schema_ = nullptr;
  const ArrowArray* array_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  const MadeInput made(choices);
  std::vector<std::string_view> texts;
  try {
    ArrowTexts(made.schema(), "text").append(made.array(), texts);
  } catch (const Error&) {
    // expected for malformed arrays; the texts before the error are good, too
  }
  volatile char sink = 0;  // so that every character is read
  for (const std::string_view text : texts) {
    for (const char character : text) {
      sink = character;
    }
  }
  static_cast<void>(sink);
  if (texts.size() > size_t{INT8_MAX}) {
    std::abort();
  }
  return 0;
}
