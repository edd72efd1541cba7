#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/opened_file.h"
#include "compute/tensor.h"

namespace fastintent {

enum class StoredType { f32, f16, bf16, other };

/// A tensor as stored in a file.
struct StoredTensor {
  std::string name;
  StoredType type = StoredType::other;
  std::string type_name;  ///< as named in the file, for messages
  std::vector<int64_t> shape;
  uint64_t offset = 0;                                  ///< of its first byte in the file
  uint64_t size = 0;                                    ///< in bytes
  std::string file;                                     ///< for messages
  std::shared_ptr<const OpenedFile> content = nullptr;  ///< null when parsed from memory
};

/// The metadata of a file beside its tensors: text by key.
using FileMetadata = std::map<std::string, std::string, std::less<>>;

/// A parsed safetensors file.
struct SafetensorsContent {
  std::vector<StoredTensor> tensors;  ///< in the order of their bytes
  FileMetadata metadata;
};

/// The header's length, little endian, before the header.
constexpr uint64_t kSafetensorsLengthBytes = 8;

/// The position of the first byte after the header of a file of `file_bytes`, which begins with
/// `start`. Throws bad_checkpoint (`name` names the file).
uint64_t safetensors_header_end(std::span<const std::byte> start,
                                uint64_t file_bytes,
                                const std::string& name);

/// Parses a safetensors file of `file_bytes`: 8 bytes of header length, a JSON header, then the
/// tensors' bytes. `start` has the file's bytes up to the end of the header, at least. Makes the
/// checks of the format's reference library: together the tensors cover the data exactly, without
/// holes or overlaps, and each has as many bytes as its type and shape say.
///
/// Throws bad_checkpoint (`name` names the file).
SafetensorsContent parse_safetensors(std::span<const std::byte> start,
                                     uint64_t file_bytes,
                                     const std::string& name);

/// Reads a tensor from its file and converts it to f32. Throws bad_checkpoint (file, tensor,
/// expected, found) when the shape differs from [rows, columns] ([columns] for one row also counts)
/// or the type is not F32, F16 or BF16; io_error when the file has become shorter.
void read_tensor(const StoredTensor& stored, Tensor out);
/// The same for the tensor's `bytes` in memory, at any address.
void convert_tensor(const StoredTensor& stored, std::span<const std::byte> bytes, Tensor out);

/// The bytes of a tensor. Throws io_error.
std::vector<std::byte> read_bytes(const StoredTensor& stored);

/// A tensor in place in its file, which is mapped.
struct MappedTensor {
  std::shared_ptr<const MappedFile> file;
  ConstTensor view;  ///< empty when the tensor cannot be used in place
};

/// Maps a tensor when it is F32, aligned and of that shape; else the view is empty (shape is
/// checked as in read_tensor). Nobody may write to the file, or shorten it, while it is mapped.
MappedTensor map_tensor(const StoredTensor& stored, int64_t rows, int64_t columns);

/// A tensor to be written: F32, contiguous, of one or two dimensions; or plain bytes (U8).
struct TensorToWrite {
  TensorToWrite(std::string tensor_name,
                std::vector<int64_t> tensor_shape,
                std::span<const float> values);
  TensorToWrite(std::string tensor_name, std::span<const std::byte> tensor_bytes);

  std::string name;
  const char* type_name;
  int64_t value_bytes;  ///< of one value
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes a safetensors file and fsyncs it. The default metadata are what transformers expects of
/// weights. The first tensor begins at a multiple of 64 bytes in the file, as do those that follow
/// tensors of such sizes.
/// Throws cannot_create or io_error; invalid_argument for a repeated name or values that do not
/// fill their shape.
void write_safetensors(const std::filesystem::path& file,
                       std::span<const TensorToWrite> tensors,
                       const FileMetadata& metadata = {{"format", "pt"}});

}  // namespace fastintent
