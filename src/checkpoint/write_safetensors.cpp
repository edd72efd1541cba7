#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/checked_size.h"
#include "base/file_writer.h"
#include "base/json_writer.h"
#include "checkpoint/safetensors.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

// A cache line, and the widest vector: values used in place in a mapped file are read faster when
// so aligned.
constexpr size_t kAlignment = 64;
constexpr size_t kLengthBytes = 8;

void check_shape(const std::filesystem::path& file, const TensorToWrite& tensor) {
  std::optional<int64_t> values = 1;
  for (size_t i = 0; i < tensor.shape.size() && values; ++i) {
    values = checked_product(*values, tensor.shape[i]);
  }
  const int64_t found = static_cast<int64_t>(tensor.bytes.size()) / tensor.value_bytes;
  if (values != found) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("write safetensors: expected {} values for [{}], found {} ({}, tensor {})",
                    values ? fmt::format("{}", *values) : "a possible number of",
                    fmt::join(tensor.shape, ", "),
                    found,
                    file.string(),
                    tensor.name));
  }
}

// The JSON header, padded with spaces so that the data begin at a multiple of kAlignment.
std::string make_header(const std::filesystem::path& file,
                        std::span<const TensorToWrite> tensors,
                        const FileMetadata& metadata) {
  JsonWriter header(JsonWriter::Layout::one_line);
  header.begin_object();
  header.key("__metadata__");
  header.begin_object();
  for (const auto& [name, text] : metadata) {
    header.member(name, text);
  }
  header.end_object();
  std::set<std::string_view> names;
  size_t position = 0;
  for (const TensorToWrite& tensor : tensors) {
    check_shape(file, tensor);
    if (!names.insert(tensor.name).second) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("write safetensors: expected each name once, found '{}' twice ({})",
                              tensor.name,
                              file.string()));
    }
    const size_t end = position + tensor.bytes.size();
    header.key(tensor.name);
    header.begin_object();
    header.member("dtype", tensor.type_name);
    header.member("shape", tensor.shape);
    header.member("data_offsets", std::array{position, end});
    header.end_object();
    position = end;
  }
  header.end_object();
  std::string text = header.text();
  const size_t whole = (kLengthBytes + text.size() + kAlignment - 1) / kAlignment * kAlignment;
  text.resize(whole - kLengthBytes, ' ');
  return text;
}

}  // namespace

TensorToWrite::TensorToWrite(std::string tensor_name,
                             std::vector<int64_t> tensor_shape,
                             std::span<const float> values)
    : name(std::move(tensor_name)),
      type_name("F32"),
      value_bytes(sizeof(float)),
      shape(std::move(tensor_shape)),
      bytes(std::as_bytes(values)) {}

TensorToWrite::TensorToWrite(std::string tensor_name, std::span<const std::byte> tensor_bytes)
    : name(std::move(tensor_name)),
      type_name("U8"),
      value_bytes(1),
      shape{static_cast<int64_t>(tensor_bytes.size())},
      bytes(tensor_bytes) {}

void write_safetensors(const std::filesystem::path& file,
                       std::span<const TensorToWrite> tensors,
                       const FileMetadata& metadata) {
  const std::string header = make_header(file, tensors, metadata);
  std::array<std::byte, kLengthBytes> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>(header.size() >> (8 * i));
  }
  FileWriter writer(file);
  writer.write(length);
  writer.write(header);
  for (const TensorToWrite& tensor : tensors) {
    writer.write(tensor.bytes);
  }
  writer.finish();
}

}  // namespace fastintent
