#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastintent::serve {

/// Fields of a header or pairs of a query, in the order of the message.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request as the session has read it, within its limits.
struct HttpRequest {
  std::string method;  ///< "POST"
  std::string path;    ///< percent-decoded, without the query: "/v2/models/intents/infer"
  Fields query;        ///< percent-decoded
  Fields headers;
  std::string body;

  /// The first header of that name, in any case of letters.
  std::optional<std::string_view> header(std::string_view name) const;
  /// The first pair of that name.
  std::optional<std::string_view> query_value(std::string_view name) const;
};

/// An answer; the session adds Content-Length, Date, the request's id and the connection's headers.
struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  Fields headers = {};
};

}  // namespace fastintent::serve
