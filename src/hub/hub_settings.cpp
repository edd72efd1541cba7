#include "hub/hub_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string_view>
#include <utility>

#include "fastintent/error.h"
#include "hub/web_address.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// The first of these variables that is set and not empty.
std::string first_of(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return {};
}

// Python's expanduser, for the user's own folder; without HOME the path is unchanged.
fs::path expand(const std::string& path) {
  const std::string home = first_of({"HOME"});
  const bool in_home = !home.empty() && (path == "~" || path.starts_with("~/"));
  return in_home ? home + path.substr(1) : path;
}

// Where Hugging Face's programs keep their files; empty when the environment does not say.
fs::path hub_home() {
  if (const std::string path = first_of({"HF_HOME"}); !path.empty()) {
    return expand(path);
  }
  if (const std::string caches = first_of({"XDG_CACHE_HOME"}); !caches.empty()) {
    return expand(caches) / "huggingface";
  }
  return first_of({"HOME"}).empty() ? fs::path() : expand("~/.cache/huggingface");
}

fs::path cache_folder() {
  if (const std::string path = first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}); !path.empty()) {
    return expand(path);
  }
  const fs::path home = hub_home();
  if (home.empty()) {
    throw Error(
        ErrorCode::missing_input,
        "find model: expected HF_HOME or HOME to tell where models are kept, found neither");
  }
  return home / "hub";
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  return begin == std::string::npos
             ? std::string()
             : text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

// The token that a login has stored; empty when the environment does not say where.
fs::path token_file() {
  if (const std::string path = first_of({"HF_TOKEN_PATH"}); !path.empty()) {
    return expand(path);
  }
  const fs::path home = hub_home();
  return home.empty() ? home : home / "token";
}

std::string read_token() {
  std::string token = first_of({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  if (token.empty()) {
    std::ostringstream text;  // stays empty when there is no such file: an anonymous user
    text << std::ifstream(token_file()).rdbuf();
    if (text.bad()) {  // also when memory runs out: a stream keeps that to itself
      throw Error(ErrorCode::io_error,
                  fmt::format("find model: expected to read the token, found that reading failed "
                              "({})",
                              token_file().string()));
    }
    token = text.str();
  }
  token = trimmed(token);
  // A line break within the token would end its header and begin another.
  if (token.find_first_of("\r\n") != std::string::npos) {
    throw Error(ErrorCode::invalid_argument,
                "find model: expected a token of one line, found several (HF_TOKEN)");
  }
  return token;
}

WebAddress read_endpoint() {
  std::string endpoint = first_of({"HF_ENDPOINT"});
  if (endpoint.empty()) {
    return {"https://huggingface.co", {}, {}};
  }
  endpoint.erase(endpoint.find_last_not_of('/') + 1);
  if ((!endpoint.starts_with("https://") && !endpoint.starts_with("http://")) ||
      endpoint.find_first_of("?# \t\r\n") != std::string::npos) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("find model: expected an address that begins with https:// or http:// "
                            "and has no query, found {} (HF_ENDPOINT)",
                            without_secrets(endpoint)));
  }
  return split_credentials(endpoint);
}

bool is_true(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text == "1" || text == "ON" || text == "YES" || text == "TRUE";
}

long read_stall_seconds(long fallback) {
  const std::string text = first_of({"HF_HUB_DOWNLOAD_TIMEOUT"});
  if (text.empty()) {
    return fallback;
  }
  long seconds = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, seconds).ptr != end || seconds < 1) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("find model: expected a whole number of seconds from 1 on, found {} "
                            "(HF_HUB_DOWNLOAD_TIMEOUT)",
                            text));
  }
  return seconds;
}

}  // namespace

HubSettings read_hub_settings() {
  HubSettings settings;
  settings.cache = cache_folder();
  WebAddress endpoint = read_endpoint();
  settings.endpoint = std::move(endpoint.url);
  settings.user = std::move(endpoint.user);
  settings.password = std::move(endpoint.password);
  settings.token = read_token();
  settings.offline = is_true(first_of({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}));
  settings.stall_seconds = read_stall_seconds(settings.stall_seconds);
  return settings;
}

}  // namespace fastintent
