#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace fastintent {

/// Progress of a model download.
struct DownloadProgress {
  std::string file;         ///< current file, by its name in the repository
  int64_t bytes_done = 0;   ///< of all files, including those already in the cache
  int64_t bytes_total = 0;  ///< of all files; -1 when the server does not report it
};

/// Callbacks of a running download; all may be empty. Called on the caller's thread.
struct HubCallbacks {
  std::function<void(const DownloadProgress&)> on_progress;  ///< after every block received
  std::function<bool()> should_stop;  ///< called at least once per second; true stops the download
  /// One sentence, to be shown on a line: the hub has to be waited for.
  std::function<void(const std::string&)> on_message = {};
};

/// Returns the folder of a model. `model_name` is an existing folder, which is returned unchanged,
/// or else the id of a Hugging Face model: `name` or `organisation/name`, optionally with
/// `@revision` (a branch, tag or commit; default: main).
///
/// A model in the user's hub cache is used without network access, even if the hub now has a newer
/// one. Otherwise it is downloaded into that cache, in the layout of the Python package
/// huggingface_hub, so that each package finds the other's downloads. Only the files that
/// fastintent reads are downloaded, and each is checked against the hub's checksum. An interrupted
/// download continues where it stopped, within the call and in a later one. The environment
/// variables for the cache's location, the hub and the token are listed in docs/getting_started.md.
/// When the hub or a server in front of it limits requests or is in trouble (HTTP 429, 5xx), it is
/// queried again after the time that it names (Retry-After), for at most five minutes in total, or
/// else some times with growing pauses. No message shows a password, token or signed address.
///
/// Safe from many threads and processes at once: one downloads a file, the others wait for it.
///
/// Throws missing_input when there is neither such a folder nor such a model, when the hub denies
/// this user access to it, or when it is not in the cache and HF_HUB_OFFLINE is set; bad_checkpoint
/// when the repository has no safetensors weights; cannot_create or io_error when the cache cannot
/// be written, the network fails or a checksum differs; interrupted when should_stop returns true.
std::filesystem::path find_model(const std::string& model_name, const HubCallbacks& callbacks = {});

/// Returns the folder that find_model returns without the network: an existing folder, or a model
/// that is complete in the user's hub cache; nothing when find_model would download the model.
/// Safe from many threads and processes at once.
///
/// Throws missing_input when `model_name` is neither a folder nor the id of a model, or when the
/// cache's location is not known; invalid_argument when an environment variable of the hub is
/// invalid.
std::optional<std::filesystem::path> find_local_model(const std::string& model_name);

}  // namespace fastintent
