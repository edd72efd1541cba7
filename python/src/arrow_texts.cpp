#include "arrow_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "arrow_predictions.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::python {
namespace {

constexpr std::string_view kUtf8 = "u";
constexpr std::string_view kLargeUtf8 = "U";
constexpr std::string_view kStringView = "vu";
constexpr std::string_view kNull = "n";
constexpr std::string_view kStruct = "+s";
constexpr std::string_view kIndexFormats = "cCsSiIlL";  // integers of 8 to 64 bits

// 16 bytes, the widest element, for each of so many rows still have an address.
constexpr int64_t kMostRows = std::numeric_limits<int64_t>::max() / 16 - 1;

[[noreturn]] void malformed(const std::string& where,
                            std::string_view expected,
                            const std::string& found) {
  throw Error(ErrorCode::invalid_data,
              fmt::format("predict_arrow: expected {}, found {} ({})", expected, found, where));
}

void require(bool good, const std::string& where, std::string_view expected, int64_t found) {
  if (!good) {
    malformed(where, expected, std::to_string(found));
  }
}

// Buffers need not be aligned.
template <typename T>
T load(const void* buffer, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(buffer) + index * int64_t{sizeof(T)}, sizeof(T));
  return value;
}

std::string_view format_of(const ArrowSchema& schema, const std::string& where) {
  if (schema.release == nullptr || schema.format == nullptr) {
    malformed(where, "a schema", schema.format == nullptr ? "none" : "a released one");
  }
  return schema.format;
}

bool is_strings(std::string_view format) {
  return format == kUtf8 || format == kLargeUtf8 || format == kStringView || format == kNull;
}

// Checks what all arrays have in common.
void check_array(const ArrowArray& array, const std::string& where) {
  if (array.release == nullptr) {
    malformed(where, "an array", "a released one");
  }
  require(array.length >= 0, where, "a length of 0 or more", array.length);
  require(array.offset >= 0, where, "an offset of 0 or more", array.offset);
  require(array.length <= kMostRows && array.offset <= kMostRows - array.length,
          where,
          "an offset and a length that have addresses",
          array.length);
  require(array.null_count >= -1, where, "a null_count of -1 or more", array.null_count);
}

// Returns a buffer that `array` needs unless it has no rows.
const void* buffer_of(const ArrowArray& array, int64_t index, const std::string& where) {
  const void* buffer = array.buffers[index];
  if (buffer == nullptr && array.length > 0) {
    malformed(where, fmt::format("buffer {}", index), "none");
  }
  return buffer;
}

void require_buffers(bool good, const ArrowArray& array, const std::string& where, int expected) {
  require(good, where, fmt::format("{} buffers", expected), array.n_buffers);
  if (array.buffers == nullptr) {
    malformed(where, "buffers", "none");
  }
}

// Which rows of an array are null.
class Nulls {
 public:
  Nulls(const ArrowArray& array, const std::string& where)
      : bits_(array.null_count == 0 ? nullptr : array.buffers[0]), offset_(array.offset) {
    if (array.null_count > 0 && bits_ == nullptr && array.length > 0) {
      malformed(where, "a validity buffer", fmt::format("none for {} nulls", array.null_count));
    }
  }

  bool has(int64_t row) const {
    if (bits_ == nullptr) {
      return false;
    }
    const int64_t bit = offset_ + row;
    return (load<uint8_t>(bits_, bit / 8) >> (bit % 8) & 1) == 0;
  }

 private:
  const void* bits_;  // null: no row is null
  int64_t offset_;
};

// The strings of one array, in random order: a dictionary's are read as its indices name them.
class Strings {
 public:
  Strings(const ArrowArray& array, std::string_view format, const std::string& where)
      : array_(array), where_(where) {
    check_array(array, where);
    if (format == kNull) {
      return;
    }
    if (format == kStringView) {
      require_buffers(array.n_buffers >= 3, array, where, 3);  // validity, views, sizes
      kind_ = Kind::views;
      begins_ = buffer_of(array, 1, where);
      data_buffers_ = array.n_buffers - 3;
      sizes_ = array.buffers[array.n_buffers - 1];
      if (data_buffers_ > 0 && sizes_ == nullptr) {
        malformed(where, "the sizes of the buffers", "none");
      }
    } else {
      require_buffers(array.n_buffers == 3, array, where, 3);  // validity, offsets, data
      kind_ = format == kUtf8 ? Kind::narrow : Kind::wide;
      begins_ = buffer_of(array, 1, where);
      data_ = static_cast<const char*>(array.buffers[2]);
      size_ = array.length == 0 ? 0 : begin_of(array.offset + array.length);
    }
    nulls_.emplace(array, where);
  }

  int64_t size() const { return array_.length; }

  std::string_view at(int64_t row) const {
    if (!nulls_ || nulls_->has(row)) {
      return {};
    }
    const int64_t index = array_.offset + row;
    return kind_ == Kind::views ? view_at(index) : between(begin_of(index), begin_of(index + 1));
  }

 private:
  enum class Kind { narrow, wide, views };  // offsets of 32 or 64 bits, or views of 16 bytes

  static constexpr const char* kEmpty = "";  // a view of it is not that of a null

  int64_t begin_of(int64_t index) const {
    return kind_ == Kind::narrow ? load<int32_t>(begins_, index) : load<int64_t>(begins_, index);
  }

  std::string_view between(int64_t begin, int64_t end) const {
    if (begin < 0 || begin > end || end > size_) {
      malformed(where_,
                fmt::format("offsets that rise from 0 to {}", size_),
                fmt::format("{} and {}", begin, end));
    }
    return piece(data_, begin, end - begin);
  }

  std::string_view piece(const char* data, int64_t begin, int64_t length) const {
    if (length == 0) {
      return kEmpty;
    }
    if (data == nullptr) {
      malformed(where_, "a buffer of characters", "none");
    }
    return {data + begin, static_cast<size_t>(length)};
  }

  // A view: its length, then either up to 12 characters or four of them, the number of a buffer and
  // an offset in it; all integers of 32 bits.
  std::string_view view_at(int64_t index) const {
    constexpr int32_t kMostInline = 12;
    const char* view = static_cast<const char*>(begins_) + index * 16;
    const auto length = load<int32_t>(view, 0);
    if (length < 0) {
      malformed(where_, "a view of 0 or more bytes", std::to_string(length));
    }
    if (length <= kMostInline) {
      return piece(view, 4, length);
    }
    const auto buffer = load<int32_t>(view, 2);
    const auto begin = load<int32_t>(view, 3);
    if (buffer < 0 || buffer >= data_buffers_) {
      malformed(where_,
                fmt::format("a view into one of {} buffers", data_buffers_),
                std::to_string(buffer));
    }
    const auto size = load<int64_t>(sizes_, buffer);
    if (begin < 0 || size < length || begin > size - length) {
      malformed(where_,
                fmt::format("a view inside a buffer of {} bytes", size),
                fmt::format("{} bytes from {}", length, begin));
    }
    return piece(static_cast<const char*>(array_.buffers[2 + buffer]), begin, length);
  }

  const ArrowArray& array_;
  const std::string& where_;
  Kind kind_ = Kind::narrow;
  std::optional<Nulls> nulls_;    // none: every row is null
  const void* begins_ = nullptr;  // offsets or views
  const char* data_ = nullptr;    // of offsets
  int64_t size_ = 0;              // of data_, as the last offset says
  int64_t data_buffers_ = 0;      // of views
  const void* sizes_ = nullptr;   // of these
};

// The indices of a dictionary's strings; none where they are null.
class Indices {
 public:
  Indices(const ArrowArray& array, char format, const std::string& where)
      : format_(format), offset_(array.offset) {
    require_buffers(array.n_buffers == 2, array, where, 2);  // validity, indices
    values_ = buffer_of(array, 1, where);
    nulls_.emplace(array, where);
  }

  std::optional<int64_t> at(int64_t row) const {
    if (nulls_->has(row)) {
      return std::nullopt;
    }
    const int64_t i = offset_ + row;
    switch (format_) {
      case 'c':
        return load<int8_t>(values_, i);
      case 'C':
        return load<uint8_t>(values_, i);
      case 's':
        return load<int16_t>(values_, i);
      case 'S':
        return load<uint16_t>(values_, i);
      case 'i':
        return load<int32_t>(values_, i);
      case 'I':
        return load<uint32_t>(values_, i);
      default:
        return load<int64_t>(values_, i);  // an unsigned one that is too large is negative here
    }
  }

 private:
  char format_;
  int64_t offset_;
  const void* values_;
  std::optional<Nulls> nulls_;
};

// The texts of one array: its strings, or those of a dictionary.
class Texts {
 public:
  Texts(const ArrowArray& array,
        std::optional<char> index_format,
        std::string_view strings_format,
        const std::string& where)
      : where_(where) {
    check_array(array, where);
    if (index_format && array.dictionary == nullptr) {
      malformed(where, "a dictionary", "none");
    }
    if (index_format) {
      indices_.emplace(array, *index_format, where);
    }
    strings_.emplace(index_format ? *array.dictionary : array, strings_format, where);
  }

  std::string_view at(int64_t row) const {
    if (!indices_) {
      return strings_->at(row);
    }
    const auto index = indices_->at(row);
    if (!index) {
      return {};
    }
    if (*index < 0 || *index >= strings_->size()) {
      malformed(where_,
                fmt::format("an index into a dictionary of {}", strings_->size()),
                std::to_string(*index));
    }
    return strings_->at(*index);
  }

 private:
  const std::string& where_;
  std::optional<Indices> indices_;  // none: the array has the strings itself
  std::optional<Strings> strings_;
};

const ArrowSchema& child_of(const ArrowSchema& schema, int64_t index, const std::string& where) {
  const ArrowSchema* child = schema.children == nullptr ? nullptr : schema.children[index];
  if (child == nullptr) {
    malformed(where, fmt::format("column {}", index), "none");
  }
  return *child;
}

// Returns the index of the one column of that name.
int64_t find_column(const ArrowSchema& schema, std::string_view column, const std::string& where) {
  constexpr int64_t kMostNamed = 10;  // columns in a message that one can read
  std::optional<int64_t> found;
  std::string names;
  require(schema.n_children >= 0, where, "0 or more columns", schema.n_children);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    const char* text = child_of(schema, i, where).name;
    const std::string_view name = text == nullptr ? "" : text;
    if (name == column && found) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("predict_arrow: expected one column \"{}\", found two; rename one",
                              printable(column)));
    }
    if (name == column) {
      found = i;
    }
    if (i < kMostNamed) {
      names += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", printable(name));
    }
  }
  if (!found) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("predict_arrow: expected a column \"{}\", found {}{}; name the column of "
                    "the texts by the argument text",
                    printable(column),
                    names.empty() ? "no column" : names,
                    schema.n_children > kMostNamed ? ", ..." : ""));
  }
  return *found;
}

void require_few_nulls(int64_t nulls) {
  if (nulls > kMostNulls) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("predict_arrow: expected at most {} nulls, found {}; drop them, or "
                            "split the texts into several calls",
                            kMostNulls,
                            nulls));
  }
}

// `result` is that of a function of the stream: 0 or a number of errno.
void require_success(ArrowArrayStream& stream, int result) {
  if (result == 0) {
    return;
  }
  const char* message = stream.get_last_error(&stream);
  throw Error(
      ErrorCode::io_error,
      fmt::format("predict_arrow: expected the next array of the stream, found error {}: {}",
                  result,
                  message == nullptr ? "no message" : printable(message)));
}

}  // namespace

ArrowTexts::ArrowTexts(const ArrowSchema& schema, std::string_view column) : where_("the texts") {
  const ArrowSchema* texts = &schema;
  if (format_of(schema, where_) == kStruct) {
    where_ = fmt::format("column \"{}\"", printable(column));
    child_ = find_column(schema, column, where_);
    children_ = schema.n_children;
    texts = schema.children[*child_];
  }
  std::string_view format = format_of(*texts, where_);
  if (texts->dictionary != nullptr && format.size() == 1 &&
      kIndexFormats.find(format[0]) != kIndexFormats.npos) {
    index_format_ = format[0];
    format = format_of(*texts->dictionary, where_);
  }
  if (!is_strings(format)) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("predict_arrow: expected utf8, large_utf8, string_view or a dictionary "
                            "of these, found the format \"{}\" of the Arrow C data interface; cast "
                            "to string first ({})",
                            printable(format),
                            where_));
  }
  strings_format_ = format;
}

void ArrowTexts::append(const ArrowArray& array, std::vector<std::string_view>& texts) const {
  check_array(array, where_);
  if (!child_) {
    const Texts column(array, index_format_, strings_format_, where_);
    for (int64_t row = 0; row < array.length; ++row) {
      texts.push_back(column.at(row));
    }
    return;
  }
  require_buffers(array.n_buffers == 1, array, where_, 1);  // validity
  require(array.n_children == children_,
          where_,
          fmt::format("{} columns", children_),
          array.n_children);
  const ArrowArray* child = array.children == nullptr ? nullptr : array.children[*child_];
  if (child == nullptr) {
    malformed(where_, "the array of a column", "none");
  }
  const Nulls nulls(array, where_);
  const Texts column(*child, index_format_, strings_format_, where_);
  const int64_t rows = array.offset + array.length;
  require(child->length >= rows, where_, fmt::format("a column of {} rows", rows), child->length);
  for (int64_t row = 0; row < array.length; ++row) {
    texts.push_back(nulls.has(row) ? std::string_view() : column.at(array.offset + row));
  }
}

int64_t ArrowTexts::stated_nulls(const ArrowArray& array) const {
  check_array(array, where_);
  const ArrowArray* texts = &array;
  if (child_) {
    const bool has_child = array.children != nullptr && array.n_children > *child_;
    texts = has_child ? array.children[*child_] : nullptr;
  }
  if (texts == nullptr) {
    return 0;
  }
  check_array(*texts, where_);
  // A null_count of -1 is an unknown one.
  const int64_t nulls = strings_format_ == kNull
                            ? texts->length
                            : std::clamp<int64_t>(texts->null_count, 0, texts->length);
  const int64_t unread = texts->length - array.length;  // a batch may be a slice of its columns
  return std::max<int64_t>(nulls - unread, 0);
}

ArrowInput read_array(const ArrowSchema& schema,
                      ArrowOwned<ArrowArray> array,
                      std::string_view column) {
  const ArrowTexts texts(schema, column);
  require_few_nulls(texts.stated_nulls(array.get()));
  ArrowInput input;
  texts.append(array.get(), input.texts);
  input.arrays.push_back(std::move(array));
  return input;
}

ArrowInput read_stream(ArrowOwned<ArrowArrayStream> stream,
                       std::string_view column,
                       const std::function<bool()>& should_stop) {
  if (stream.is_released()) {
    malformed("the stream", "one that nobody has read", "a released one");
  }
  ArrowOwned<ArrowSchema> schema;
  require_success(stream.get(), stream.get().get_schema(&stream.get(), &schema.get()));
  const ArrowTexts texts(schema.get(), column);
  ArrowInput input;
  int64_t nulls = 0;
  for (;;) {
    ArrowOwned<ArrowArray> array;
    require_success(stream.get(), stream.get().get_next(&stream.get(), &array.get()));
    if (array.is_released()) {
      return input;
    }
    nulls += texts.stated_nulls(array.get());
    require_few_nulls(nulls);
    texts.append(array.get(), input.texts);
    input.arrays.push_back(std::move(array));
    if (should_stop()) {
      throw Error(ErrorCode::interrupted,
                  fmt::format("predict_arrow: stopped by the caller after reading {} texts",
                              input.texts.size()));
    }
  }
}

}  // namespace fastintent::python
