#pragma once

#include <filesystem>

namespace fastintent {

/// `folder` as an absolute path without a slash at its end ("models/support/").
std::filesystem::path normalized_output(const std::filesystem::path& folder);

/// Throws cannot_create unless `folder` is new or empty or, with `overwrite`, holds a model to
/// replace, so that no existing files are lost by accident.
void require_output_folder(const char* operation,
                           const std::filesystem::path& folder,
                           bool overwrite);

}  // namespace fastintent
