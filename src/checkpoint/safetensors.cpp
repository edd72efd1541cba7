#include "checkpoint/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/checked_size.h"
#include "base/git_lfs.h"
#include "base/parse_json.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
// numpy's limit, in case a file needs it; BERT's tensors have two.
constexpr size_t kMaxDimensions = 64;

struct TypeName {
  std::string_view name;
  StoredType type;
  int64_t bits;
};

constexpr std::array kTypes = {
    TypeName{"F32", StoredType::f32, 32},      TypeName{"F16", StoredType::f16, 16},
    TypeName{"BF16", StoredType::bf16, 16},    TypeName{"BOOL", StoredType::other, 8},
    TypeName{"U8", StoredType::other, 8},      TypeName{"I8", StoredType::other, 8},
    TypeName{"F8_E5M2", StoredType::other, 8}, TypeName{"F8_E4M3", StoredType::other, 8},
    TypeName{"F8_E8M0", StoredType::other, 8}, TypeName{"F4", StoredType::other, 4},
    TypeName{"F6_E2M3", StoredType::other, 6}, TypeName{"F6_E3M2", StoredType::other, 6},
    TypeName{"U16", StoredType::other, 16},    TypeName{"I16", StoredType::other, 16},
    TypeName{"U32", StoredType::other, 32},    TypeName{"I32", StoredType::other, 32},
    TypeName{"U64", StoredType::other, 64},    TypeName{"I64", StoredType::other, 64},
    TypeName{"F64", StoredType::other, 64},    TypeName{"C64", StoredType::other, 64},
};

[[noreturn]] void throw_bad_file(const std::string& file,
                                 const std::string& expected,
                                 const std::string& found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("read safetensors: expected {}, found {} ({})", expected, found, file));
}

[[noreturn]] void throw_bad_tensor(const std::string& file,
                                   const std::string& tensor,
                                   const std::string& expected,
                                   const std::string& found) {
  throw_bad_file(fmt::format("{}, tensor {}", file, tensor), expected, found);
}

// Bits of a tensor of this shape; empty when they do not fit 63 bits.
std::optional<int64_t> count_bits(const std::vector<int64_t>& shape, int64_t bits_each) {
  std::optional<int64_t> total = bits_each;
  for (size_t i = 0; i < shape.size() && total; ++i) {
    total = checked_product(*total, shape[i]);
  }
  return total;
}

// A tensor with its place in the data.
struct Entry {
  StoredTensor tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The header's description of one tensor, checked in itself.
class EntryReader {
 public:
  EntryReader(const std::string& file, const std::string& name, const json& value)
      : file_(file), name_(name), value_(value) {}

  Entry read() const {
    if (!value_.is_object()) {
      fail("an object in the header", value_.type_name());
    }
    Entry entry;
    entry.tensor.name = name_;
    entry.tensor.file = file_;
    const TypeName& type = read_type();
    entry.tensor.type = type.type;
    entry.tensor.type_name = type.name;
    entry.tensor.shape = read_numbers("shape");
    const std::vector<int64_t> offsets = read_numbers("data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail("data_offsets [begin, end]", fmt::format("[{}]", fmt::join(offsets, ", ")));
    }
    entry.begin = static_cast<uint64_t>(offsets[0]);
    entry.end = static_cast<uint64_t>(offsets[1]);
    check_size(entry, type);
    return entry;
  }

 private:
  [[noreturn]] void fail(const std::string& expected, const std::string& found) const {
    throw_bad_tensor(file_, name_, expected, found);
  }

  const json& member(const char* key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) {
      fail(fmt::format("a member '{}'", key), "none");
    }
    return *found;
  }

  const TypeName& read_type() const {
    const json& dtype = member("dtype");
    if (!dtype.is_string()) {
      fail("a string as 'dtype'", dtype.type_name());
    }
    const auto& name = dtype.get_ref<const std::string&>();
    const auto* found = std::find_if(
        kTypes.begin(), kTypes.end(), [&](const TypeName& type) { return type.name == name; });
    if (found == kTypes.end()) {
      // No type has a long name, so a long one need not be shown in full.
      fail("a dtype of the format", fmt::format("'{}'", name.substr(0, 20)));
    }
    return *found;
  }

  std::vector<int64_t> read_numbers(const char* key) const {
    const json& array = member(key);
    if (!array.is_array()) {
      fail(fmt::format("a list as '{}'", key), array.type_name());
    }
    if (array.size() > kMaxDimensions) {
      fail(fmt::format("at most {} numbers in '{}'", kMaxDimensions, key),
           fmt::format("{}", array.size()));
    }
    std::vector<int64_t> numbers;
    numbers.reserve(array.size());
    for (const json& number : array) {
      if (!number.is_number_unsigned() ||
          number.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
        fail(fmt::format("whole numbers from 0 to 2^63 - 1 in '{}'", key),
             number.is_number() ? number.dump() : number.type_name());
      }
      numbers.push_back(number.get<int64_t>());
    }
    return numbers;
  }

  void check_size(const Entry& entry, const TypeName& type) const {
    const std::optional<int64_t> bits = count_bits(entry.tensor.shape, type.bits);
    const uint64_t found = entry.end - entry.begin;
    if (!bits || *bits % 8 != 0 || static_cast<uint64_t>(*bits / 8) != found) {
      fail(fmt::format("{} for {} [{}]",
                       bits ? fmt::format("{} bits", *bits) : "a possible number of bytes",
                       type.name,
                       fmt::join(entry.tensor.shape, ", ")),
           fmt::format("{} bytes", found));
    }
  }

  const std::string& file_;
  const std::string& name_;
  const json& value_;
};

FileMetadata read_metadata(const std::string& file, const json& metadata) {
  const bool valid =
      metadata.is_object() && std::all_of(metadata.begin(), metadata.end(), [](const json& value) {
        return value.is_string();
      });
  if (!valid) {
    throw_bad_file(file, "strings in __metadata__", "something else");
  }
  return metadata.get<FileMetadata>();
}

}  // namespace

uint64_t safetensors_header_end(std::span<const std::byte> start,
                                uint64_t file_bytes,
                                const std::string& name) {
  if (start.size() < kSafetensorsLengthBytes) {
    throw_bad_file(name, "8 bytes of header length", fmt::format("{} bytes", start.size()));
  }
  uint64_t length = 0;
  for (size_t i = 0; i < kSafetensorsLengthBytes; ++i) {
    length |= uint64_t{std::to_integer<uint8_t>(start[i])} << (8 * i);
  }
  const uint64_t limit = std::min(kMaxHeaderBytes, file_bytes - kSafetensorsLengthBytes);
  if (length > limit) {
    throw_bad_file(name,
                   fmt::format("a header of at most {} bytes", limit),
                   fmt::format("one of {} bytes", length));
  }
  return kSafetensorsLengthBytes + length;
}

SafetensorsContent parse_safetensors(std::span<const std::byte> start,
                                     uint64_t file_bytes,
                                     const std::string& name) {
  refuse_git_lfs_pointer({reinterpret_cast<const char*>(start.data()), start.size()}, name);
  const uint64_t header_end = safetensors_header_end(start, file_bytes, name);
  const std::string_view text(reinterpret_cast<const char*>(start.data()) + kSafetensorsLengthBytes,
                              header_end - kSafetensorsLengthBytes);
  const uint64_t data_bytes = file_bytes - header_end;
  const JsonTree tree = parse_json(text, name, {.unique_keys = true});
  const json& header = *tree;
  if (!header.is_object()) {
    throw_bad_file(name, "a JSON object as header", header.type_name());
  }

  SafetensorsContent content;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      content.metadata = read_metadata(name, value);
    } else {
      entries.push_back(EntryReader(name, key, value).read());
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });

  content.tensors.reserve(entries.size());
  uint64_t position = 0;
  for (Entry& entry : entries) {
    if (entry.begin != position || entry.end > data_bytes) {
      throw_bad_tensor(name,
                       entry.tensor.name,
                       fmt::format("its bytes from {} on, within {}", position, data_bytes),
                       fmt::format("data_offsets [{}, {}]", entry.begin, entry.end));
    }
    position = entry.end;
    entry.tensor.offset = header_end + entry.begin;
    entry.tensor.size = entry.end - entry.begin;
    content.tensors.push_back(std::move(entry.tensor));
  }
  if (position != data_bytes) {
    throw_bad_file(name,
                   fmt::format("{} bytes of tensors, as the header says", position),
                   fmt::format("{} bytes", data_bytes));
  }
  return content;
}

}  // namespace fastintent
