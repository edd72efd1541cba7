#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder_snapshot.h"
#include "checkpoint/safetensors.h"

namespace fastintent {

/// The weights of a model folder, opened: model.safetensors, or the shards that
/// model.safetensors.index.json names. Immutable after construction: safe from many threads.
class TensorFiles {
 public:
  /// Throws missing_input when `folder` has neither file, bad_checkpoint when one is malformed.
  explicit TensorFiles(const SnapshotPath& folder);
  /// One safetensors file under any name (2_Dense/model.safetensors).
  static TensorFiles open_file(const SnapshotPath& file);
  static TensorFiles open_file(const std::filesystem::path& file);

  /// nullptr when there is no such tensor.
  const StoredTensor* find(std::string_view name) const;
  /// Sorted by name.
  const std::map<std::string, StoredTensor, std::less<>>& tensors() const { return tensors_; }
  /// The metadata of the one file; empty for shards.
  const FileMetadata& metadata() const { return metadata_; }
  const std::string& description() const { return description_; }  ///< the path, for messages

  /// Throws io_error when a file was written to since it was opened.
  void require_unchanged(const char* operation) const;

 private:
  TensorFiles() = default;
  static TensorFiles open_file(const std::shared_ptr<const OpenedFile>& file);

  std::string description_;
  std::vector<std::shared_ptr<const OpenedFile>> files_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
  FileMetadata metadata_;
};

}  // namespace fastintent
