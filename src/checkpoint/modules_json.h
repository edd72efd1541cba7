#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder_snapshot.h"
#include "checkpoint/malformed.h"

namespace fastintent {

/// One module in the modules.json of sentence-transformers.
struct ModuleEntry {
  std::string type;  ///< a Python class: "sentence_transformers.models.Pooling"
  std::string path;  ///< its folder, "1_Pooling"; empty for the model's own. Not checked
};

/// Reads the modules that `file` lists, in order.
///
/// Throws missing_input, bad_checkpoint. With Malformed::ignored it throws neither: a missing type or
/// path is empty, and a file that is absent or not an array of modules has no modules.
std::vector<ModuleEntry> read_modules_json(const std::filesystem::path& file, Malformed malformed);
/// The same for a file of a model; malformed content is refused.
std::vector<ModuleEntry> read_modules_json(const SnapshotPath& file);

/// Whether `folder` is named as sentence-transformers names the folder of a module: "1_Pooling" is,
/// "2024_results" is not.
bool is_module_folder_name(std::string_view folder);

}  // namespace fastintent
