#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fastintent::serve {

/// One request in the log. It contains no text, intent or key.
struct AccessRecord {
  std::string request_id;
  std::string trace_id = {};  ///< of the client's traceparent; empty: none
  std::string route = {};     ///< the template: "/v2/models/{model}/infer"
  int status = 0;             ///< 499: the client left before its answer
  std::string key_name = {};  ///< of the API key; empty: none was needed
  int64_t bytes_in = 0;       ///< of the body
  int64_t bytes_out = 0;
  int64_t texts = 0;
  int64_t tokens = 0;
  bool from_cache = false;  ///< no text needed the model
  std::chrono::nanoseconds duration{};
  std::string model = {};
  std::string version = {};
};

/// Writes records as JSON lines. On one thread.
class AccessLog {
 public:
  /// Empty: standard error; "off": nothing; else a file, to which it appends. Throws cannot_create.
  explicit AccessLog(const std::string& destination);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessRecord& record) const;
  /// Opens the file again, after a tool has renamed it.
  void reopen();

 private:
  std::string file_;
  int descriptor_ = -1;
};

}  // namespace fastintent::serve
