#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace fastintent {

/// One model's part of the hub cache, in the layout of huggingface_hub:
///
///     models--organisation--name/refs/main                  the commit that main was, as text
///     models--organisation--name/snapshots/<commit>/<file>  link to the blob with its content
///     models--organisation--name/blobs/<checksum>           content
///     models--organisation--name/blobs/<checksum>.incomplete  a part of it
///     .locks/models--organisation--name/<checksum>.lock     held by the writer of that blob
///
/// A ref is written after everything it leads to. Immutable: safe from many threads.
class HubCache {
 public:
  HubCache(const std::filesystem::path& cache, const std::string& repository);

  /// The snapshot folder of a commit, or of the commit that a ref records for a branch or tag;
  /// nothing when the cache has none. Files may be missing from it.
  std::optional<std::filesystem::path> find_snapshot(const std::string& revision) const;

  std::filesystem::path snapshot(const std::string& commit) const;
  std::filesystem::path blob(const std::string& checksum) const;
  std::filesystem::path lock(const std::string& name) const;

  // Each makes the folders it needs, and throws cannot_create or io_error.

  /// Makes `file` of a snapshot a relative link to a blob, replacing an existing file.
  void link(const std::string& commit, const std::string& file, const std::string& checksum) const;
  void write_ref(const std::string& revision, const std::string& commit) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path locks_;
};

/// Makes the folder of `file`. Throws cannot_create.
void create_parent_folder(const std::filesystem::path& file);

}  // namespace fastintent
