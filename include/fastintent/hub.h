#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace fastintent {

/// How far the download of a model is.
struct DownloadProgress {
  std::string file;         ///< under way, by its name in the repository
  int64_t bytes_done = 0;   ///< of the whole model, with what was in the cache already
  int64_t bytes_total = 0;  ///< of the whole model; -1 when the server does not tell
};

/// What a download tells and asks while it goes; both may be empty. Called on the caller's thread.
struct HubCallbacks {
  std::function<void(const DownloadProgress&)> on_progress;  ///< for every piece that arrives
  std::function<bool()> should_stop;  ///< asked at least once a second; true stops the download
};

/// The folder of the model that `model_name` names: an existing folder, as it is; else the id of a
/// Hugging Face model, `name` or `organisation/name`, perhaps with `@revision` (a branch, tag or
/// commit; main when there is none).
///
/// A model in the user's hub cache is used without any network, even if the hub has a newer one by
/// now. Otherwise it is downloaded into that cache, in the layout of the Python package
/// huggingface_hub, so that either finds what the other fetched. Only the files that fastintent
/// reads are taken, each is checked against the hub's checksum, and a download that was cut goes on
/// where it ended, within the call and in a later one. docs/getting_started.md lists the
/// environment variables that say where the cache is, and which hub is asked with which token.
///
/// Safe from many threads and processes at once: one downloads a file, the others wait for it.
///
/// Throws missing_input when there is neither such a folder nor such a model, when the hub does not
/// let this user read it, or when it is not in the cache and HF_HUB_OFFLINE is set; bad_checkpoint
/// when the repository has no safetensors weights; cannot_create or io_error when the cache cannot
/// be written, the network fails or a checksum differs; interrupted when should_stop asked to.
std::filesystem::path find_model(const std::string& model_name, const HubCallbacks& callbacks = {});

}  // namespace fastintent
