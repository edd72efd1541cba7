#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "blocking_client.h"
#include "dialect.h"

namespace fastintent::serve {

/// Place of a request in a trace (W3C Trace Context). Ids are hexadecimal digits in lower case.
struct TraceContext {
  std::string trace_id;   ///< 32 digits
  std::string parent_id;  ///< 16 digits: the client's span; empty: the trace begins here
  std::string span_id;    ///< 16 digits: the server's own
  bool is_sampled = true;

  /// The header that names the server's span to others.
  std::string traceparent() const;
};

/// Continues the trace of a request's header `traceparent`; begins one without it, or when it is
/// malformed. Safe from many threads.
TraceContext begin_trace(std::optional<std::string_view> traceparent);

/// A request that was answered, for a collector of traces. No text, intent or key is in it.
struct RequestSpan {
  TraceContext context;
  std::string method;
  std::string route;  ///< the template: "/v1/predict"
  int status = 0;
  std::chrono::system_clock::time_point begin;
  Timings timings = {};  ///< phases of length 0 are left out
};

/// The spans as a request to a collector: OTLP 1.x in JSON (ExportTraceServiceRequest).
std::string write_spans(const std::vector<RequestSpan>& spans, std::string_view service_name);

/// Sends spans to a collector, from a thread of its own. When the collector is slow or away, spans
/// are dropped and counted, and requests do not wait. Safe from many threads.
class TraceExporter {
 public:
  /// `url` is "http://HOST:PORT/PATH".
  TraceExporter(const std::string& url, std::string service_name);
  ~TraceExporter();  ///< sends what is left, with a second's patience
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  void add(RequestSpan span);  ///< drops one whose trace is not sampled
  int64_t dropped() const;     ///< requests whose span reached no collector

 private:
  void run();
  void send(std::vector<RequestSpan> spans, std::chrono::milliseconds patience);

  ServerPlace collector_;
  std::string service_name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestSpan> waiting_;
  int64_t dropped_ = 0;
  bool is_ending_ = false;
  std::thread thread_;
};

/// The exporter that OpenTelemetry's variables describe: OTEL_EXPORTER_OTLP_ENDPOINT, or
/// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT with the whole path, and OTEL_SERVICE_NAME. Null without an
/// endpoint, and with OTEL_SDK_DISABLED=true. The protocol is http/json; `warn` gets a sentence when
/// OTEL_EXPORTER_OTLP_PROTOCOL names another. Throws invalid_argument for an endpoint that is no
/// http URL.
std::unique_ptr<TraceExporter> make_trace_exporter(
    const std::function<void(const std::string& sentence)>& warn);

}  // namespace fastintent::serve
