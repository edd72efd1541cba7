#include "api_keys.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/white_space.h"
#include "fastintent/error.h"

namespace fastintent::serve {
namespace {

std::string_view key_of(const HttpRequest& request) {
  if (const auto bearer = request.header("Authorization")) {
    const size_t space = bearer->find(' ');
    return space == std::string_view::npos ? "" : trimmed(bearer->substr(space));
  }
  for (const char* header : {"x-api-key", "Ocp-Apim-Subscription-Key"}) {
    if (const auto key = request.header(header)) {
      return *key;
    }
  }
  return request.path == "/model/parse" ? request.query_value("token").value_or("") : "";
}

}  // namespace

ApiKeys::ApiKeys(const std::string& file) {
  std::ifstream lines(file);
  if (!lines) {
    throw Error(ErrorCode::missing_input,
                fmt::format("serve: expected a file of keys (--api-key-file), found: {} ({})",
                            std::generic_category().message(errno),
                            file));
  }
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string_view content = trimmed(line);
    if (content.empty() || content.starts_with('#')) {
      continue;
    }
    const size_t colon = content.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == content.size()) {
      throw Error(
          ErrorCode::invalid_data,
          fmt::format("serve: expected NAME:KEY, found another line ({}:{})", file, number));
    }
    keys_.emplace_back(content.substr(0, colon), trimmed(content.substr(colon + 1)));
  }
  if (keys_.empty()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("serve: expected a line NAME:KEY, found none ({})", file));
  }
}

std::optional<std::string> ApiKeys::name_of(const HttpRequest& request) const {
  const std::string_view found = key_of(request);
  const std::string* name = nullptr;
  for (const auto& [owner, key] : keys_) {
    if (key.size() == found.size() && CRYPTO_memcmp(key.data(), found.data(), key.size()) == 0) {
      name = &owner;
    }
  }
  return name == nullptr ? std::nullopt : std::optional(*name);
}

}  // namespace fastintent::serve
