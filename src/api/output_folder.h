#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "base/output_lock.h"

namespace fastintent {

/// `folder` as an absolute path without a slash at its end ("models/support/").
std::filesystem::path normalized_output(const std::filesystem::path& folder);

/// Throws cannot_create unless `folder` is new or empty or, with `overwrite`, holds a model to
/// replace, so that no existing files are lost by accident.
void require_output_folder(const char* operation,
                           const std::filesystem::path& folder,
                           bool overwrite);

/// A folder that a model will be written to. While it lives, no other run writes it. Files in the
/// folder that are no model's (see is_model_file) are kept.
class OutputFolder {
 public:
  /// Throws as require_output_folder, and cannot_create when another run writes the folder, or
  /// when it and its parent may not be written.
  OutputFolder(const char* operation, const std::filesystem::path& folder, bool overwrite);

  /// Throws cannot_create when a file of the model, by its path in the folder, cannot be written
  /// there later, because its name is a folder's, or the name of its folder is a file's or a link's.
  void require_places(const std::vector<std::filesystem::path>& files) const;

  /// Puts what `write` writes into the folder given to it in the place of the old model; see
  /// replace_folder. Throws as require_output_folder, too: somebody may have written the folder
  /// since the constructor ran.
  void replace(const std::function<void(const std::filesystem::path&)>& write) const;

 private:
  const char* operation_;
  std::filesystem::path folder_;
  bool overwrite_;
  OutputLock lock_;
};

}  // namespace fastintent
