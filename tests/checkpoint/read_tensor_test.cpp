#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/safetensors_bytes.h"
#include "checkpoint/tensor_files.h"

namespace fastintent {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

StoredTensor stored(StoredType type, std::vector<int64_t> shape) {
  return {"t", type, "I64", std::move(shape), 0, 0, "f.safetensors"};
}

struct Half {
  uint16_t bits;
  float value;
};

void expect_values(StoredType type, const std::vector<Half>& halves) {
  std::vector<uint16_t> bits;
  for (const Half& half : halves) {
    bits.push_back(half.bits);
  }
  const auto count = static_cast<int64_t>(bits.size());
  std::vector<float> values(bits.size());
  convert_tensor(stored(type, {count}), std::as_bytes(std::span(bits)), {values.data(), 1, count});
  for (size_t i = 0; i < halves.size(); ++i) {
    // Bits, so that -0 differs from 0.
    EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(halves[i].value))
        << std::hex << bits[i];
  }
}

TEST(ReadTensor, KnownF16Values) {
  expect_values(StoredType::f16,
                {{0x0000, 0.0F},
                 {0x8000, -0.0F},
                 {0x3c00, 1.0F},
                 {0x3555, 0.333251953125F},
                 {0xc000, -2.0F},
                 {0x7bff, 65504.0F},
                 {0x0400, 0x1p-14F},             // smallest normal
                 {0x03ff, 0x1p-14F - 0x1p-24F},  // largest subnormal
                 {0x0001, 0x1p-24F},             // smallest subnormal
                 {0x8001, -0x1p-24F},
                 {0x7c00, kInfinity},
                 {0xfc00, -kInfinity}});
}

// The definition, slowly.
float slow_f16(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const float magnitude = exponent == 0
                              ? std::ldexp(static_cast<float>(mantissa), -24)
                              : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(ReadTensor, EveryFiniteF16Value) {
  std::vector<Half> halves;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) != 0x7c00) {
      halves.push_back({static_cast<uint16_t>(bits), slow_f16(static_cast<uint16_t>(bits))});
    }
  }
  expect_values(StoredType::f16, halves);
}

TEST(ReadTensor, KnownBf16Values) {
  expect_values(StoredType::bf16,
                {{0x0000, 0.0F},
                 {0x8000, -0.0F},
                 {0x3f80, 1.0F},
                 {0x4049, 3.140625F},
                 {0xc000, -2.0F},
                 {0x7f7f, 0x1.fep127F},
                 {0x0001, 0x1p-133F},
                 {0x7f80, kInfinity},
                 {0xff80, -kInfinity}});
}

TEST(ReadTensor, NotANumberStaysSo) {
  const std::array<uint16_t, 2> f16 = {0x7e00, 0xfc01};
  const std::array<uint16_t, 2> bf16 = {0x7fc0, 0xff81};
  std::array<float, 4> values{};
  convert_tensor(
      stored(StoredType::f16, {2}), std::as_bytes(std::span(f16)), {values.data(), 1, 2});
  convert_tensor(
      stored(StoredType::bf16, {2}), std::as_bytes(std::span(bf16)), {values.data() + 2, 1, 2});
  for (const float value : values) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(ReadTensor, UnalignedBytesIntoARowStride) {
  const std::vector<float> written = {1, 2, 3, 4, 5, 6};
  std::vector<std::byte> bytes(1 + written.size() * sizeof(float));
  std::memcpy(bytes.data() + 1, written.data(), bytes.size() - 1);
  std::vector<float> values(8, -1.0F);
  convert_tensor(
      stored(StoredType::f32, {2, 3}), std::span(bytes).subspan(1), {values.data(), 2, 3, 4});
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, -1, 4, 5, 6, -1}));
}

// A file whose only tensor "t" has this type and these bytes.
StoredTensor written(const TemporaryFolder& folder, const std::string& type, int64_t padding) {
  const std::string header =
      fmt::format(R"({{"t":{{"dtype":"{}","shape":[2,3],"data_offsets":[0,{}]}}}})",
                  type,
                  type == "F32" ? 24 : 12);
  const std::string data(type == "F32" ? 24 : 12, '\x3f');
  const std::string spaces(static_cast<size_t>(padding), ' ');
  const auto file = folder.write("f", safetensors_bytes(header + spaces, data));
  return *TensorFiles::open_file(file).find("t");
}

TEST(ReadTensor, IsInPlaceWhereItCanBe) {
  const TemporaryFolder folder;
  int aligned = 0;
  for (int64_t padding = 0; padding < 4; ++padding) {
    const StoredTensor tensor = written(folder, "F32", padding);
    const MappedTensor mapped = map_tensor(tensor, 2, 3);
    EXPECT_EQ(mapped.view.empty(), tensor.offset % 4 != 0);
    if (!mapped.view.empty()) {
      ++aligned;
      EXPECT_EQ(mapped.view.rows, 2);
      EXPECT_EQ(mapped.view.row(1)[2], std::bit_cast<float>(0x3f3f3f3fU));
    }
    std::vector<float> values(6);
    read_tensor(tensor, {values.data(), 2, 3});
    EXPECT_EQ(values, std::vector<float>(6, std::bit_cast<float>(0x3f3f3f3fU)));
  }
  EXPECT_EQ(aligned, 1);
  EXPECT_TRUE(map_tensor(written(folder, "BF16", 0), 2, 3).view.empty());
}

TEST(ReadTensor, AFileThatBecameShorterIsAnError) {
  const TemporaryFolder folder;
  const StoredTensor tensor = written(folder, "F32", 0);
  std::filesystem::resize_file(folder / "f", tensor.offset + 8);
  std::vector<float> values(6);
  expect_error(
      ErrorCode::io_error, "became shorter", [&] { read_tensor(tensor, {values.data(), 2, 3}); });
}

TEST(ReadTensor, TheShapeMustBeTheExpectedOne) {
  const std::vector<float> written(6);
  const auto bytes = std::as_bytes(std::span(written));
  std::vector<float> values(6);
  const Tensor out(values.data(), 2, 3);
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{3, 2}, {6}, {2, 3, 1}, {1, 2, 3}, {}}) {
    expect_error(ErrorCode::bad_checkpoint, "expected shape [2, 3]", [&] {
      convert_tensor(stored(StoredType::f32, shape), bytes, out);
    });
    expect_error(ErrorCode::bad_checkpoint, "(f.safetensors, tensor t)", [&] {
      map_tensor(stored(StoredType::f32, shape), 2, 3);
    });
  }
}

TEST(ReadTensor, OtherTypesAreNamed) {
  const std::vector<int64_t> written(2);
  std::vector<float> values(2);
  expect_error(ErrorCode::bad_checkpoint, "expected F32, F16 or BF16, found I64", [&] {
    convert_tensor(
        stored(StoredType::other, {2}), std::as_bytes(std::span(written)), {values.data(), 1, 2});
  });
}

}  // namespace
}  // namespace fastintent
