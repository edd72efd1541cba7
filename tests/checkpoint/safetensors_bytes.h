#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fastintent {

/// A safetensors file of this header and data, well-formed or not.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(static_cast<uint64_t>(header.size()) >> (8 * i));
  }
  return bytes + header + data;
}

}  // namespace fastintent
