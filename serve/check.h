#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace fastintent::serve {

/// Asks a server for /health, as probes of containers do that have no other client. None: it is
/// ready. Else a sentence that says what was found.
///
/// `url` is "http://HOST[:PORT]", "https://HOST[:PORT]" or "unix:FILE", whose path does not count. A certificate is not
/// verified, as nothing secret is sent. `patience` bounds each wait for the server. Throws
/// invalid_argument for another kind of URL.
std::optional<std::string> find_unreadiness(const std::string& url,
                                            std::chrono::milliseconds patience);

}  // namespace fastintent::serve
