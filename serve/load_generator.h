#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http.h"

namespace fastintent::serve {

/// The parts of an http URL.
struct Url {
  std::string host;  ///< without the brackets of an IPv6 address
  std::string port;  ///< "80" unless given
  std::string path;  ///< with the query; "/" unless given
};

/// Throws invalid_argument unless `text` is "http://HOST[:PORT][/PATH]".
Url parse_url(const std::string& text);

/// POST requests to one path of a server.
struct Load {
  Url url;
  Fields headers = {};  ///< of each request, besides Host and Content-Type
  /// The body of a request, by its number from 0.
  std::function<std::string(int64_t number)> body;
  /// Requests a second, sent at their times even when the server is late (open loop). 0: each
  /// connection sends its next request when it has its answer (closed loop).
  double rate = 0;
  int connections = 1;
  double seconds = 1;  ///< of sending; answers may come later
};

/// What a load has shown.
struct LoadReport {
  double seconds = 0;                        ///< from the first request to the last answer
  std::map<unsigned, int64_t> answers = {};  ///< by status
  int64_t failed = 0;      ///< requests whose connection failed or was closed before the answer
  int64_t unanswered = 0;  ///< when the patience after the end was over
  int64_t unsent = 0;      ///< that had no free connection until the end
  /// Of the answers with status 200, in milliseconds, in ascending order: from the time at which a
  /// request was to be sent, so that a server that stalls cannot hide the requests behind it.
  std::vector<double> latencies = {};
  int64_t late = 0;      ///< requests that this process sent a millisecond or more after their time
  double cpu_share = 0;  ///< of one core, that this process used
};

/// The smallest of the `sorted` values that `share` of them do not exceed; 0 for none.
double percentile(const std::vector<double>& sorted, double share);

/// Sends the load from this thread and waits for the answers. Before the clock starts, each connection
/// sends one request, whose answer must have status 200 and be JSON.
///
/// Throws missing_input when the server cannot be reached and invalid_data when an answer before the
/// clock is not as expected.
LoadReport run_load(const Load& load);

}  // namespace fastintent::serve
