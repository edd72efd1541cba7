#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../dialect.h"

namespace fastintent::serve {

// Tensors behind the JSON of a message of the Open Inference Protocol, as Triton's extension of
// binary data lays them out: in the order of the JSON, little-endian. An element of BYTES is a
// length of four bytes and its content.

/// A message whose JSON may be followed by tensors.
struct DividedBody {
  std::string_view json;
  std::string_view tensors;
};

/// Divides a body behind the JSON, whose bytes the header Inference-Header-Content-Length counts;
/// without it, all is JSON. Throws RequestError where that is no length within the body.
DividedBody divide_body(const HttpRequest& request);

/// Reads a tensor of `count` BYTES, which must fill `data`. Throws RequestError.
std::vector<std::string> read_byte_tensor(std::string_view data, int64_t count);

void append_bytes(std::string& tensors, std::string_view element);
void append_number(std::string& tensors, float element);
void append_number(std::string& tensors, int64_t element);

}  // namespace fastintent::serve
