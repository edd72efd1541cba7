#pragma once

#include <filesystem>
#include <fstream>

#include "fastintent/dataset.h"

namespace fastintent {

/// Opens a file of records. Throws missing_input when it is absent, a folder or may not be read.
std::ifstream open_input(const std::filesystem::path& file);

/// `options` with `automatic` replaced by the format of `file`'s extension.
DatasetOptions with_format_of(const std::filesystem::path& file, DatasetOptions options);

}  // namespace fastintent
