#include "checkpoint/safetensors.h"

#include <fmt/format.h>

#include "base/expect_error.h"
#include "checkpoint/safetensors_bytes.h"

namespace fastintent {
namespace {

SafetensorsContent parse_content(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), bytes.size(), "f.safetensors");
}

std::vector<StoredTensor> parse(const std::string& bytes) {
  return parse_content(bytes).tensors;
}

TEST(Safetensors, ReadsTensorsInDataOrder) {
  const std::string bytes =
      safetensors_bytes(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},)"
                        R"("b":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
                        R"("empty":{"dtype":"I64","shape":[0,7],"data_offsets":[4,4]},)"
                        R"("scalar":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},)"
                        R"("__metadata__":{"format":"pt"}}   )",
                        "0123456789");
  const std::vector<StoredTensor> tensors = parse(bytes);
  ASSERT_EQ(tensors.size(), 4U);
  EXPECT_EQ(tensors[0].name, "b");
  EXPECT_EQ(tensors[0].type, StoredType::f32);
  EXPECT_EQ(tensors[0].shape, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(tensors[0].size, 4U);
  EXPECT_EQ(tensors[1].name, "empty");
  EXPECT_EQ(tensors[1].type, StoredType::other);
  EXPECT_EQ(tensors[1].type_name, "I64");
  EXPECT_EQ(tensors[2].name, "a");
  EXPECT_EQ(tensors[2].type, StoredType::f16);
  EXPECT_EQ(bytes[tensors[2].offset], '4');
  EXPECT_EQ(tensors[3].type, StoredType::bf16);
  EXPECT_EQ(tensors[3].file, "f.safetensors");
}

TEST(Safetensors, ReadsMetadata) {
  const auto metadata =
      parse_content(safetensors_bytes(R"({"__metadata__":{"format":"pt","b":""}})", "")).metadata;
  EXPECT_EQ(metadata, (FileMetadata{{"b", ""}, {"format", "pt"}}));
  EXPECT_TRUE(parse_content(safetensors_bytes("{}", "")).metadata.empty());
}

TEST(Safetensors, AFileWithoutTensorsIsFine) {
  EXPECT_TRUE(parse(safetensors_bytes("{}", "")).empty());
}

struct Malformed {
  const char* name;
  std::string bytes;
  const char* part;  // of the message
};

// A file of one tensor "t" with this description and 8 bytes of data.
std::string one(const std::string& description) {
  return safetensors_bytes(R"({"t":)" + description + "}", "01234567");
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return one(
      fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":{}}})", dtype, shape, offsets));
}

std::string many_ones(int count) {
  std::string list = "[1";
  for (int i = 1; i < count; ++i) {
    list += ",1";
  }
  return list + "]";
}

class MalformedSafetensors : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedSafetensors, IsABadCheckpoint) {
  expect_error(ErrorCode::bad_checkpoint, GetParam().part, [] { parse(GetParam().bytes); });
  expect_error(ErrorCode::bad_checkpoint, "f.safetensors", [] { parse(GetParam().bytes); });
}

const Malformed kMalformed[] = {
    {"Empty", "", "8 bytes of header length, found 0 bytes"},
    {"ShortLength", "1234567", "found 7 bytes"},
    {"TruncatedHeader",
     safetensors_bytes("{}", "").substr(0, 9),
     "at most 1 bytes, found one of 2"},
    {"HugeLength", std::string(8, '\xff') + "{}", "found one of 18446744073709551615 bytes"},
    {"NoHeader", std::string(8, '\0'), "expected valid JSON"},
    {"NotJson", safetensors_bytes("{\"a\":", ""), "expected valid JSON"},
    {"NotUtf8", safetensors_bytes("{\"\xff\":1}", ""), "expected valid JSON"},
    {"NotAnObject", safetensors_bytes("[]", ""), "expected a JSON object as header, found array"},
    {"DeepJson", safetensors_bytes(std::string(100000, '['), ""), "at most 100 nested values"},
    {"DeepUnclosed", safetensors_bytes("{\"a\":" + std::string(500, '['), ""), "nested values"},
    {"SameNameTwice",
     safetensors_bytes(R"({"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                       R"("t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                       ""),
     "'t' twice"},
    {"SameMemberTwice", one(R"({"dtype":"U8","dtype":"I8"})"), "'dtype' twice"},
    {"TensorIsNoObject", one("[1]"), "an object in the header, found array"},
    {"NoType", one(R"({"shape":[2],"data_offsets":[0,8]})"), "a member 'dtype', found none"},
    {"TypeIsNoString", one(R"({"dtype":1})"), "a string as 'dtype'"},
    {"UnknownType", one("F128", "[2]", "[0,8]"), "found 'F128' (f.safetensors, tensor t)"},
    {"NoShape", one(R"({"dtype":"F32","data_offsets":[0,8]})"), "a member 'shape'"},
    {"ShapeIsNoList", one("F32", "2", "[0,8]"), "a list as 'shape', found number"},
    {"NegativeSize", one("F32", "[-2]", "[0,8]"), "in 'shape', found -2"},
    {"FractionalSize", one("F32", "[2.0]", "[0,8]"), "in 'shape', found 2.0"},
    {"SizeIsNoNumber", one("F32", "[\"2\"]", "[0,8]"), "in 'shape', found string"},
    {"SizeBeyond63Bits", one("F32", "[9223372036854775808]", "[0,8]"), "found 9223372036854775808"},
    {"ProductOverflows", one("F32", "[4294967296,4294967296]", "[0,8]"), "a possible number"},
    {"ProductOfBitsOverflows", one("F32", "[2305843009213693953]", "[0,4]"), "a possible number"},
    {"TooManyDimensions", one("U8", many_ones(65), "[0,1]"), "at most 64 numbers in 'shape'"},
    {"WrongSize", one("F32", "[3]", "[0,8]"), "expected 96 bits for F32 [3], found 8 bytes"},
    {"HalfAByte", one("F4", "[15]", "[0,8]"), "expected 60 bits for F4 [15]"},
    {"NoOffsets", one(R"({"dtype":"F32","shape":[2]})"), "a member 'data_offsets'"},
    {"OneOffset", one("F32", "[2]", "[8]"), "data_offsets [begin, end], found [8]"},
    {"ThreeOffsets", one("F32", "[2]", "[0,4,8]"), "data_offsets [begin, end]"},
    {"EndBeforeBegin", one("F32", "[2]", "[8,0]"), "data_offsets [begin, end], found [8, 0]"},
    {"NegativeOffset", one("F32", "[2]", "[-8,0]"), "in 'data_offsets', found -8"},
    {"BeyondTheFile", one("F32", "[3]", "[0,12]"), "within 8, found data_offsets [0, 12]"},
    {"FarBeyondTheFile",
     one("U8", "[9223372036854775807]", "[0,9223372036854775807]"),
     "a possible number"},
    {"Hole", one("F32", "[1]", "[4,8]"), "its bytes from 0 on"},
    {"DataLeftOver", one("F32", "[1]", "[0,4]"), "expected 4 bytes of tensors"},
    {"Overlap",
     safetensors_bytes(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},)"
                       R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                       "01234567"),
     "tensor b"},
    {"MetadataIsNoObject", safetensors_bytes(R"({"__metadata__":[]})", ""), "__metadata__"},
    {"MetadataIsNoText", safetensors_bytes(R"({"__metadata__":{"a":1}})", ""), "__metadata__"},
};

INSTANTIATE_TEST_SUITE_P(Cases,
                         MalformedSafetensors,
                         testing::ValuesIn(kMalformed),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace fastintent
