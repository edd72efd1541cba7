#pragma once

#include <stdlib.h>

#include <string>

namespace fastintent {

/// Unsets every variable that determines where models are, for the rest of the process.
inline void clear_hub_environment() {
  for (const char* variable : {"HF_HUB_CACHE",
                               "HUGGINGFACE_HUB_CACHE",
                               "HF_HOME",
                               "XDG_CACHE_HOME",
                               "HOME",
                               "HF_ENDPOINT",
                               "HF_TOKEN",
                               "HUGGING_FACE_HUB_TOKEN",
                               "HF_TOKEN_PATH",
                               "HF_HUB_OFFLINE",
                               "TRANSFORMERS_OFFLINE",
                               "HF_HUB_DOWNLOAD_TIMEOUT"}) {
    ::unsetenv(variable);
  }
}

inline void set_variable(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

}  // namespace fastintent
