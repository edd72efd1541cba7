#pragma once

#include <string>
#include <string_view>

namespace fastintent {

/// An address without the user and password that were in it ("https://user:password@host").
struct WebAddress {
  std::string url;
  std::string user;  ///< decoded, as the next; empty where there is none
  std::string password;
};

WebAddress split_credentials(const std::string& url);

/// Scheme, host and port of an address, in one form for all ways to write them: addresses of one
/// origin may see each other's secrets.
std::string origin_of(std::string_view url);

/// Whether what `from` protects by encryption would be sent without it to `to`.
bool is_downgrade(std::string_view from, std::string_view to);

/// `text` as it may be shown: without users, passwords and queries (signatures) of the addresses in
/// it.
std::string without_secrets(std::string_view text);

}  // namespace fastintent
