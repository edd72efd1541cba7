#pragma once

#include <filesystem>
#include <string>

namespace fastintent::cli {

/// The folder of a model named by folder or by Hugging Face id (find_model). A download is shown on
/// standard error, and Ctrl-C stops it: throws interrupted and keeps the bytes that have arrived.
std::filesystem::path find_model_showing_progress(const std::string& model_name);

}  // namespace fastintent::cli
