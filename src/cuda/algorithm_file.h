#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cuda/algorithm.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// The file of choices for a GPU: fastintent/autotune/<gpu>-<driver>-<cublasLt version>.json in
/// $XDG_CACHE_HOME or ~/.cache; empty when the environment defines neither.
std::filesystem::path algorithm_file(const DeviceFacts& device, size_t library_version);

/// Returns the choices in `file` by name; none when it cannot be read or has another form.
std::map<std::string, Algorithm> read_algorithms(const std::filesystem::path& file);

/// Adds missing choices to `file`, so that two processes keep each other's choices. The file is
/// replaced as a unit; if it cannot be written, nothing happens.
void add_algorithms(const std::filesystem::path& file,
                    const std::map<std::string, Algorithm>& algorithms);

}  // namespace fastintent::cuda
