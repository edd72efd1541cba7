#include "dialects/binary_tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace fastintent::serve {
namespace {

using namespace std::string_literals;

// The message of the refusal; empty where there is none.
std::string refusal(const std::string& data, int64_t count) try {
  read_byte_tensor(data, count);
  return "";
} catch (const RequestError& error) {
  EXPECT_EQ(error.failure(), Failure::invalid_request);
  return error.what();
}

TEST(BinaryTensor, ReadsElements) {
  const std::string data =
      "\x01\x00\x00\x00"
      "a\x00\x00\x00\x00\x03\x00\x00\x00"
      "b\xff"
      "c"s;
  EXPECT_EQ(read_byte_tensor(data, 3),
            (std::vector<std::string>{"a",
                                      "",
                                      "b\xEF\xBF\xBD"
                                      "c"}));
  EXPECT_TRUE(read_byte_tensor("", 0).empty());
}

TEST(BinaryTensor, AppendsLittleEndian) {
  std::string tensors;
  append_bytes(tensors, "ab");
  append_number(tensors, 1.0F);
  append_number(tensors, int64_t{258});
  EXPECT_EQ(tensors,
            "\x02\x00\x00\x00"
            "ab\x00\x00\x80\x3f\x02\x01\x00\x00\x00\x00\x00\x00"s);
}

TEST(BinaryTensor, RefusesLengthsBeyondTheTensor) {
  const std::string too_long = "expected element 0 of 1 within the tensor, found its end before";
  EXPECT_EQ(refusal("\x02\x00\x00\x00"
                    "a"s,
                    1),
            too_long);
  EXPECT_EQ(refusal("\xff\xff\xff\xff"
                    "a"s,
                    1),
            too_long);
  EXPECT_EQ(refusal("\xff\xff\xff\x7f"
                    "a"s,
                    1),
            too_long);
  EXPECT_EQ(refusal("\x01\x00\x00\x00"
                    "abcd"s,
                    2),
            "expected element 1 of 2 within the tensor, found its end before");
  EXPECT_EQ(refusal("\x01\x00\x00\x00"
                    "ab"s,
                    1),
            "expected the tensor to end with its 1 elements, found 1 bytes more");
}

TEST(BinaryTensor, RefusesCountsThatNoMemoryHolds) {
  EXPECT_EQ(refusal("\x00\x00\x00"s, 1),
            "expected at least 4 bytes for each of 1 elements, found 3 in all (tensor)");
  for (const int64_t count : {INT64_MAX, int64_t{1} << 62, int64_t{1} << 32, int64_t{-1}}) {
    EXPECT_NE(refusal("\x00\x00\x00\x00"s, count), "") << count;
  }
}

TEST(BinaryTensor, DividesBody) {
  HttpRequest request{.method = "POST", .path = {}, .query = {}, .headers = {}, .body = "{}abc"};
  EXPECT_EQ(divide_body(request).json, "{}abc");
  request.headers = {{"inference-header-content-length", "2"}};
  EXPECT_EQ(divide_body(request).json, "{}");
  EXPECT_EQ(divide_body(request).tensors, "abc");
  for (const char* length : {"6", "-1", "+2", "2x", "", "0x2", "18446744073709551618"}) {
    request.headers = {{"Inference-Header-Content-Length", length}};
    EXPECT_THROW(divide_body(request), RequestError) << length;
  }
}

}  // namespace
}  // namespace fastintent::serve
