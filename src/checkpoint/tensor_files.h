#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace fastintent {

class MappedFile;

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

}  // namespace fastintent
