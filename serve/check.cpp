#include "check.h"

#include <fmt/format.h>

#include "blocking_client.h"
#include "fastintent/printable.h"

namespace fastintent::serve {

std::optional<std::string> find_unreadiness(const std::string& url,
                                            std::chrono::milliseconds patience) {
  const ServerPlace place = parse_server_place(url, "serve --check");
  try {
    const std::string line = ask_server(place, "GET /health", "\r\n", patience);
    if (line.starts_with("HTTP/1.1 200 ")) {
      return std::nullopt;
    }
    return fmt::format("expected HTTP/1.1 200 for /health, found {}",
                       line.empty() ? "no answer" : printable(line));
  } catch (const NoAnswer& reason) {
    return reason.what();
  }
}

}  // namespace fastintent::serve
