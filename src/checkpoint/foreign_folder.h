#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fastintent {

/// What a folder is that is no model folder, and how to get a model out of it.
struct ForeignFolder {
  std::string what;     ///< "only pytorch_model.bin": follows "found"
  std::string way_out;  ///< a sentence without its full stop
};

/// Recognises, by the names of `files` alone, folders of weights that are not read: those of other
/// programs, adapters, runs of a trainer. The names are relative to the folder, with '/'. Returns
/// nothing for other folders; the caller has found that there are no weights to read.
std::optional<ForeignFolder> recognise_foreign_folder(const std::vector<std::string>& files);

/// Returns the files in `folder` and two levels of subfolders, sorted; as many as a message needs.
std::vector<std::string> list_files(const std::filesystem::path& folder);

}  // namespace fastintent
