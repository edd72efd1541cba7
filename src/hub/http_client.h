#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fastintent {

struct HttpRequest {
  std::string url;
  bool head = false;       ///< request the headers only
  int64_t first_byte = 0;  ///< request the content from here on (Range)
  /// The ETag of the content that the bytes before it are of, with its quotes: of other content, all
  /// is requested. Empty: not known.
  std::string if_range = {};
  std::string until_header = {};  ///< follow redirects only until an answer has this header
};

/// The last answer of a chain of redirects, or the part of it that arrived.
struct HttpResponse {
  long status = 0;                             ///< 0: no answer at all
  std::map<std::string, std::string> headers;  ///< names in lower case
  /// Why the answer is incomplete, in libcurl's words, without the secrets of addresses; else empty.
  std::string failure;
  bool is_final = false;                            ///< another try would fail in the same way
  std::optional<std::chrono::seconds> retry_after;  ///< when to try again, in the server's words

  bool ok() const { return failure.empty() && status >= 200 && status < 300; }
  /// The header's value without quotes around it; empty when there is none.
  std::string header(const std::string& name) const;
};

/// HTTP and HTTPS over libcurl, which is loaded by the first client: certificates are verified and
/// proxies are read from the environment, as usual. Connections are kept open between requests. One
/// thread at a time.
class HttpClient {
 public:
  struct Options {
    std::string token;     ///< sent as "Authorization: Bearer", never to another host
    std::string user;      ///< sent with the password instead of the token, if any,
    std::string password;  ///< and never to another host either
    /// Below 1,000 bytes per second, after which a transfer has failed.
    long stall_seconds = 0;
    std::function<bool()> should_stop;  ///< may be empty
  };
  /// A piece of the body of a successful answer.
  using Body = std::function<void(const HttpResponse& so_far, std::string_view bytes)>;

  explicit HttpClient(Options options);
  ~HttpClient();

  /// Sends a request, follows redirects and returns the answer, with any status; `failure` is set
  /// when the network did not deliver all of it, or a redirect led from https to http. Throws
  /// interrupted, io_error for headers or a refusal without end, and the exceptions of `body`.
  HttpResponse send(const HttpRequest& request, const Body& body = {});

 private:
  class Transfer;

  Options options_;
  std::unique_ptr<void, void (*)(void*)> handle_;
};

}  // namespace fastintent
