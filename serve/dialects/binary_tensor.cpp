#include "binary_tensor.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>

#include "base/utf8.h"

namespace fastintent::serve {
namespace {

constexpr size_t kLengthBytes = 4;

template <class Unsigned>
void append_little_endian(std::string& tensors, Unsigned bits) {
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    tensors += static_cast<char>(bits >> (8 * i) & 0xFF);
  }
}

size_t read_length(std::string_view data) {
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= size_t{static_cast<unsigned char>(data[i])} << (8 * i);
  }
  return length;
}

[[noreturn]] void refuse(const std::string& message) {
  throw RequestError(Failure::invalid_request, message);
}

}  // namespace

DividedBody divide_body(const HttpRequest& request) {
  const auto header = request.header("Inference-Header-Content-Length");
  if (!header) {
    return {request.body, {}};
  }
  size_t length = 0;
  const auto [end, error] =
      std::from_chars(header->data(), header->data() + header->size(), length);
  if (error != std::errc() || end != header->data() + header->size() ||
      length > request.body.size()) {
    refuse(
        fmt::format("expected a number of at most {} bytes, which the body has, found another "
                    "one (Inference-Header-Content-Length)",
                    request.body.size()));
  }
  const std::string_view body = request.body;
  return {body.substr(0, length), body.substr(length)};
}

std::vector<std::string> read_byte_tensor(std::string_view data, int64_t count) {
  // Each element has its length at least, so a shape cannot claim more memory than the body has.
  if (count < 0 || static_cast<size_t>(count) > data.size() / kLengthBytes) {
    refuse(
        fmt::format("expected at least {} bytes for each of {} elements, found {} in all (tensor)",
                    kLengthBytes,
                    count,
                    data.size()));
  }
  std::vector<std::string> elements;
  elements.reserve(static_cast<size_t>(count));
  while (static_cast<int64_t>(elements.size()) < count) {
    if (data.size() < kLengthBytes || read_length(data) > data.size() - kLengthBytes) {
      refuse(fmt::format("expected element {} of {} within the tensor, found its end before",
                         elements.size(),
                         count));
    }
    const size_t length = read_length(data);
    elements.push_back(replace_invalid_utf8(data.substr(kLengthBytes, length)));
    data.remove_prefix(kLengthBytes + length);
  }
  if (!data.empty()) {
    refuse(fmt::format("expected the tensor to end with its {} elements, found {} bytes more",
                       count,
                       data.size()));
  }
  return elements;
}

void append_bytes(std::string& tensors, std::string_view element) {
  append_little_endian(tensors, static_cast<uint32_t>(element.size()));
  tensors += element;
}

void append_number(std::string& tensors, float element) {
  append_little_endian(tensors, std::bit_cast<uint32_t>(element));
}

void append_number(std::string& tensors, int64_t element) {
  append_little_endian(tensors, static_cast<uint64_t>(element));
}

}  // namespace fastintent::serve
