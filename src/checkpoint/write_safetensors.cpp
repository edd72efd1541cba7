#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/file_writer.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

void check_shape(const std::filesystem::path& file, const TensorToWrite& tensor) {
  size_t values = 1;
  for (const int64_t size : tensor.shape) {
    values *= static_cast<size_t>(size);
  }
  if (values != tensor.values.size()) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("write safetensors: expected {} values for [{}], found {} ({}, tensor {})",
                    values,
                    fmt::join(tensor.shape, ", "),
                    tensor.values.size(),
                    file.string(),
                    tensor.name));
  }
}

/// The JSON header, filled up with spaces so that the data begin at a multiple of 8 bytes.
std::string make_header(const std::filesystem::path& file, std::span<const TensorToWrite> tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"]["format"] = "pt";
  size_t position = 0;
  for (const TensorToWrite& tensor : tensors) {
    check_shape(file, tensor);
    if (header.contains(tensor.name)) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("write safetensors: expected each name once, found '{}' twice ({})",
                              tensor.name,
                              file.string()));
    }
    const size_t end = position + tensor.values.size_bytes();
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors) {
  const std::string header = make_header(file, tensors);
  std::array<std::byte, 8> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>(header.size() >> (8 * i));
  }
  FileWriter writer(file);
  writer.write(length);
  writer.write(header);
  for (const TensorToWrite& tensor : tensors) {
    writer.write(std::as_bytes(tensor.values));
  }
  writer.finish();
}

}  // namespace fastintent
