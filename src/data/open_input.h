#pragma once

#include <filesystem>
#include <fstream>

#include "fastintent/dataset.h"

namespace fastintent {

/// Opens a file of records. Throws missing_input when it is absent, a folder or may not be read.
std::ifstream open_input(const std::filesystem::path& file);

/// `options` with the format that `file`'s extension stands for in place of `automatic`.
DatasetOptions with_format_of(const std::filesystem::path& file, DatasetOptions options);

}  // namespace fastintent
