#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cstring>

#include "checkpoint/safetensors.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

void check_shape(const StoredTensor& stored, int64_t rows, int64_t columns) {
  const auto& shape = stored.shape;
  const bool matrix = shape.size() == 2 && shape[0] == rows && shape[1] == columns;
  const bool vector = shape.size() == 1 && rows == 1 && shape[0] == columns;
  if (!matrix && !vector) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read tensor: expected shape [{}, {}], found [{}] ({}, tensor {})",
                            rows,
                            columns,
                            fmt::join(shape, ", "),
                            stored.file,
                            stored.name));
  }
}

float from_bf16(uint16_t half) {
  return std::bit_cast<float>(uint32_t{half} << 16);
}

// Exact for every value, without branches, and right also where the processor flushes subnormal
// floats to zero (after F. Giesen, "Half to float done quick").
float from_f16(uint16_t half) {
  constexpr uint32_t kExponent = 0x7c00U << 13;
  constexpr uint32_t kRebias = (127U - 15U) << 23;
  const uint32_t magnitude = (half & 0x7fffU) << 13;
  const uint32_t exponent = magnitude & kExponent;
  // Infinity and NaN have the largest exponent of both types: rebias twice.
  const uint32_t normal = magnitude + kRebias + (exponent == kExponent ? kRebias : 0U);
  // A subnormal half is made a normal float with one exponent more, whose leading one is then
  // subtracted.
  constexpr uint32_t kLeadingOne = kRebias + (1U << 23);
  const float subnormal =
      std::bit_cast<float>(magnitude + kLeadingOne) - std::bit_cast<float>(kLeadingOne);
  const uint32_t bits = exponent == 0 ? std::bit_cast<uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(bits | (uint32_t{half} & 0x8000U) << 16);
}

// `bytes` may be unaligned; `convert` receives one stored value at a time.
template <class Stored, class Convert>
void read_rows(std::span<const std::byte> bytes, Tensor out, Convert convert) {
  for (int64_t r = 0; r < out.rows; ++r) {
    const std::byte* source = bytes.data() + static_cast<size_t>(r * out.columns) * sizeof(Stored);
    float* target = out.row(r);
    for (int64_t c = 0; c < out.columns; ++c) {
      Stored value;
      std::memcpy(&value, source + static_cast<size_t>(c) * sizeof(Stored), sizeof(Stored));
      target[c] = convert(value);
    }
  }
}

}  // namespace

// The format is little endian, and so is every processor this library is built for.
static_assert(std::endian::native == std::endian::little);

void convert_tensor(const StoredTensor& stored, std::span<const std::byte> bytes, Tensor out) {
  check_shape(stored, out.rows, out.columns);
  switch (stored.type) {
    case StoredType::f32:
      return read_rows<float>(bytes, out, [](float value) { return value; });
    case StoredType::f16:
      return read_rows<uint16_t>(bytes, out, from_f16);
    case StoredType::bf16:
      return read_rows<uint16_t>(bytes, out, from_bf16);
    case StoredType::other:
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("read tensor: expected F32, F16 or BF16, found {} ({}, tensor {})",
                              stored.type_name,
                              stored.file,
                              stored.name));
  }
}

void read_tensor(const StoredTensor& stored, Tensor out) {
  check_shape(stored, out.rows, out.columns);
  if (stored.type == StoredType::f32 && out.contiguous()) {
    stored.content->read(stored.offset, std::as_writable_bytes(out.flat()));
  } else {
    convert_tensor(stored, read_bytes(stored), out);
  }
}

std::vector<std::byte> read_bytes(const StoredTensor& stored) {
  std::vector<std::byte> bytes(static_cast<size_t>(stored.size));
  stored.content->read(stored.offset, bytes);
  return bytes;
}

MappedTensor map_tensor(const StoredTensor& stored, int64_t rows, int64_t columns) {
  check_shape(stored, rows, columns);
  if (stored.type != StoredType::f32 || stored.offset % alignof(float) != 0) {
    return {};
  }
  auto file = std::make_shared<const MappedFile>(*stored.content);
  const auto* values = reinterpret_cast<const float*>(file->bytes().data() + stored.offset);
  return {std::move(file), {values, rows, columns}};
}

}  // namespace fastintent
