#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compute/tensor.h"

namespace fastintent {

class MappedFile;

enum class StoredType { f32, f16, bf16, other };

/// A tensor as stored in a mapped file.
struct StoredTensor {
  std::string name;
  StoredType type = StoredType::other;
  std::string type_name;  ///< as named in the file, for messages
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
  std::string file;  ///< for messages
};

/// The metadata of a file beside its tensors: text by key.
using FileMetadata = std::map<std::string, std::string, std::less<>>;

/// The weights of a model folder, mapped: model.safetensors, or the shards that
/// model.safetensors.index.json names. Immutable after construction: safe from many threads.
class TensorFiles {
 public:
  /// Throws missing_input when `folder` has neither file, bad_checkpoint when one is malformed.
  explicit TensorFiles(const std::filesystem::path& folder);
  /// One safetensors file under any name (2_Dense/model.safetensors).
  static TensorFiles open_file(const std::filesystem::path& file);

  /// Releases the memory of what was read; see MappedFile.
  void release_pages() const;

  /// nullptr when there is no such tensor.
  const StoredTensor* find(std::string_view name) const;
  /// Sorted by name.
  const std::map<std::string, StoredTensor, std::less<>>& tensors() const { return tensors_; }
  /// The metadata of the one file; empty for shards.
  const FileMetadata& metadata() const { return metadata_; }
  const std::string& description() const { return description_; }  ///< the path, for messages

 private:
  TensorFiles() = default;

  std::string description_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
  FileMetadata metadata_;
};

/// Converts to f32. Throws bad_checkpoint (file, tensor, expected, found) when the shape differs
/// from [rows, columns] ([columns] for one row also counts) or the type is not F32, F16 or BF16.
void read_tensor(const StoredTensor& stored, Tensor out);

/// The tensor in place, without a copy, when it is F32, aligned and of that shape; else an empty
/// view (shape is checked as in read_tensor). Valid while the TensorFiles lives.
ConstTensor view_tensor(const StoredTensor& stored, int64_t rows, int64_t columns);

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
