#pragma once

#include <filesystem>
#include <string>

namespace fastintent {

/// Where models are kept and fetched from, according to the user's environment.
struct HubSettings {
  std::filesystem::path cache;  ///< the folder that holds models--organisation--name
  std::string endpoint;         ///< the hub's address, without a slash at the end
  std::string user;             ///< of the address, for a mirror that wants one; may be empty
  std::string password;         ///< the same
  std::string token;            ///< empty: an anonymous user
  bool offline = false;         ///< no requests to the network
  /// Below 1,000 bytes per second, after which a transfer counts as broken.
  long stall_seconds = 10;
};

/// Reads the variables that huggingface_hub reads, with its defaults and in its order of
/// precedence: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME; HF_ENDPOINT; HF_TOKEN,
/// HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH; HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE;
/// HF_HUB_DOWNLOAD_TIMEOUT. An empty variable counts as none.
///
/// Throws missing_input when none of them determines the cache's place and HOME is unset,
/// invalid_argument when HF_ENDPOINT is no http or https address or has a query, a token has more
/// than one line, or the time-out is no positive whole number.
HubSettings read_hub_settings();

}  // namespace fastintent
