#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/tensor_files.h"

namespace fastintent {

/// A parsed safetensors file.
struct SafetensorsContent {
  std::vector<StoredTensor> tensors;  ///< in the order of their bytes
  FileMetadata metadata;
};

/// Parses the content `bytes` of a safetensors file: 8 bytes of header length (little endian), a
/// JSON header, then the tensors' bytes. Makes the checks of the format's reference library:
/// together the tensors cover the data exactly, without holes or overlaps, and each has as many
/// bytes as its type and shape say.
///
/// The result's views point into `bytes`. Throws bad_checkpoint (`name` names the file).
SafetensorsContent parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fastintent
