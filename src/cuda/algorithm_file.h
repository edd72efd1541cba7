#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cuda/algorithm.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Where the choices for a GPU are kept: fastintent/autotune/<gpu>-<driver>-<cublasLt version>.json
/// in $XDG_CACHE_HOME or ~/.cache; empty when the environment names neither.
std::filesystem::path algorithm_file(const DeviceFacts& device, size_t library_version);

/// What `file` holds, by name. Nothing when it cannot be read or is not of this form.
std::map<std::string, Algorithm> read_algorithms(const std::filesystem::path& file);

/// Adds to `file` what it lacks, so that two processes keep each other's; replaces it whole, or
/// where it cannot be written does nothing.
void add_algorithms(const std::filesystem::path& file,
                    const std::map<std::string, Algorithm>& algorithms);

}  // namespace fastintent::cuda
