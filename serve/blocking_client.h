#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

namespace fastintent::serve {

/// Where another server listens.
struct ServerPlace {
  bool has_tls = false;
  std::string host;       ///< without the brackets of an IPv6 address; "localhost" of a Unix socket
  std::string port;       ///< empty: a Unix socket
  std::string unix_path;  ///< empty: TCP
  std::string path;       ///< of the URL, "/" unless given
};

/// Of "http://HOST[:PORT][/PATH]", "https://…" or "unix:FILE". Throws invalid_argument for others;
/// the message begins with `operation`.
ServerPlace parse_server_place(const std::string& url, const std::string& operation);

/// Why a server has not answered: "expected to connect, found: Connection refused".
class NoAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Sends one request and returns the first line of the answer, "HTTP/1.1 200 OK"; empty when the
/// server has closed the connection without one. `line` is as "GET /health"; Host and Connection
/// precede the other headers, an empty line and the body. `patience` bounds each wait. A certificate
/// is not verified, so nothing secret may be sent. Blocks; throws NoAnswer.
std::string ask_server(const ServerPlace& place,
                       const std::string& line,
                       const std::string& headers_and_body,
                       std::chrono::milliseconds patience);

}  // namespace fastintent::serve
