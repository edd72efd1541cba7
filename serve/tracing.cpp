#include "tracing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include "base/json_writer.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "fastintent/version.h"

namespace fastintent::serve {
namespace {

constexpr size_t kBatchSpans = 512;                    // a request of 0.5 MB
constexpr size_t kMostWaitingSpans = 4 * kBatchSpans;  // 1 MB of memory
constexpr std::chrono::seconds kBatchPeriod{5};
constexpr std::chrono::milliseconds kPatience{10'000};  // of a batch, OTLP's default
constexpr std::chrono::milliseconds kLastPatience{1'000};

constexpr int kServerKind = 2;    // SPAN_KIND_SERVER
constexpr int kInternalKind = 1;  // SPAN_KIND_INTERNAL
constexpr int kErrorStatus = 2;   // STATUS_CODE_ERROR

bool is_id(std::string_view text) {
  return std::ranges::all_of(
             text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

std::string random_id(int digits) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  std::string id;
  for (int i = 0; i < digits; i += 16) {
    id += fmt::format("{:016x}", std::max<uint64_t>(random(), 1));  // zeros are no id
  }
  return id;
}

// One span of OTLP's JSON, from its begin to before its own members.
class SpanWriter {
 public:
  SpanWriter(JsonWriter& json, const TraceContext& context) : json_(json), context_(context) {}

  void begin(std::string_view span_id,
             std::string_view parent_id,
             std::string_view name,
             int kind,
             std::chrono::system_clock::time_point from,
             std::chrono::nanoseconds duration) {
    const auto since_epoch =
        std::chrono::duration_cast<std::chrono::nanoseconds>(from.time_since_epoch());
    json_.begin_object();
    json_.member("traceId", context_.trace_id);
    json_.member("spanId", span_id);
    if (!parent_id.empty()) {
      json_.member("parentSpanId", parent_id);
    }
    json_.member("name", name);
    json_.member("kind", kind);
    // 64-bit numbers are texts in the JSON of protocol buffers.
    json_.member("startTimeUnixNano", std::to_string(since_epoch.count()));
    json_.member("endTimeUnixNano", std::to_string((since_epoch + duration).count()));
  }
  void text_attribute(std::string_view key, std::string_view value) {
    attribute(key, "stringValue", value);
  }
  void number_attribute(std::string_view key, int64_t value) {
    attribute(key, "intValue", std::to_string(value));
  }

 private:
  void attribute(std::string_view key, std::string_view type, std::string_view value) {
    json_.begin_object();
    json_.member("key", key);
    json_.key("value");
    json_.begin_object();
    json_.member(type, value);
    json_.end_object();
    json_.end_object();
  }

  JsonWriter& json_;
  const TraceContext& context_;
};

void write_span(JsonWriter& json, const RequestSpan& span) {
  SpanWriter writer(json, span.context);
  writer.begin(span.context.span_id,
               span.context.parent_id,
               span.method + " " + span.route,
               kServerKind,
               span.begin,
               span.timings.total);
  json.key("attributes");
  json.begin_array();
  writer.text_attribute("http.request.method", span.method);
  writer.text_attribute("http.route", span.route);
  writer.number_attribute("http.response.status_code", span.status);
  json.end_array();
  if (span.status >= 500) {
    json.key("status");
    json.begin_object();
    json.member("code", kErrorStatus);
    json.end_object();
  }
  json.end_object();
  const auto write_phase = [&](const char* name,
                               std::chrono::system_clock::time_point begin,
                               std::chrono::nanoseconds duration) {
    if (duration.count() > 0) {
      writer.begin(random_id(16), span.context.span_id, name, kInternalKind, begin, duration);
      json.end_object();
    }
  };
  using SystemTime = std::chrono::system_clock::duration;
  write_phase("tokenize", span.begin, span.timings.tokenize);
  write_phase("predict",
              span.begin + std::chrono::duration_cast<SystemTime>(span.timings.tokenize),
              span.timings.predict);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string TraceContext::traceparent() const {
  return fmt::format("00-{}-{}-{}", trace_id, span_id, is_sampled ? "01" : "00");
}

TraceContext begin_trace(std::optional<std::string_view> traceparent) {
  TraceContext context{.trace_id = random_id(32), .parent_id = "", .span_id = random_id(16)};
  const std::string_view header = traceparent.value_or("");
  const auto is_byte = [](std::string_view digits) { return digits == "00" || is_id(digits); };
  // "<version>-<trace>-<parent>-<flags>"; a later version may append "-…".
  if (header.size() < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-' ||
      !is_byte(header.substr(0, 2)) || header.starts_with("ff") || !is_id(header.substr(3, 32)) ||
      !is_id(header.substr(36, 16)) || !is_byte(header.substr(53, 2)) ||
      (header.size() > 55 && (header.starts_with("00") || header[55] != '-'))) {
    return context;
  }
  context.trace_id = header.substr(3, 32);
  context.parent_id = header.substr(36, 16);
  const char flags = header[54];
  context.is_sampled = (flags <= '9' ? flags - '0' : flags - 'a' + 10) % 2 == 1;
  return context;
}

std::string write_spans(const std::vector<RequestSpan>& spans, std::string_view service_name) {
  JsonWriter json(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
  const auto begin_only_object_of = [&](std::string_view key) {
    json.key(key);
    json.begin_array();
    json.begin_object();
  };
  json.begin_object();
  begin_only_object_of("resourceSpans");
  json.key("resource");
  json.begin_object();
  json.key("attributes");
  json.begin_array();
  SpanWriter(json, {}).text_attribute("service.name", service_name);
  json.end_array();
  json.end_object();
  begin_only_object_of("scopeSpans");
  json.key("scope");
  json.begin_object();
  json.member("name", "fastintent");
  json.member("version", kVersion);
  json.end_object();
  json.key("spans");
  json.begin_array();
  for (const RequestSpan& span : spans) {
    write_span(json, span);
  }
  json.end_array();
  for (int depth = 0; depth < 2; ++depth) {
    json.end_object();
    json.end_array();
  }
  json.end_object();
  return json.text();
}

TraceExporter::TraceExporter(const std::string& url, std::string service_name)
    : collector_(parse_server_place(url, "serve: OTEL_EXPORTER_OTLP_ENDPOINT")),
      service_name_(std::move(service_name)) {
  if (collector_.has_tls || !collector_.unix_path.empty()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("serve: expected an http URL of a collector on this machine or network "
                            "(OTEL_EXPORTER_OTLP_ENDPOINT), found {}",
                            printable(url)));
  }
  thread_ = std::thread([this] { run(); });
}

TraceExporter::~TraceExporter() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void TraceExporter::add(RequestSpan span) {
  if (!span.context.is_sampled) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaitingSpans) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(span));
  if (waiting_.size() == kBatchSpans) {
    changed_.notify_one();
  }
}

int64_t TraceExporter::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void TraceExporter::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    changed_.wait_for(
        lock, kBatchPeriod, [this] { return is_ending_ || waiting_.size() >= kBatchSpans; });
    std::vector<RequestSpan> spans = std::exchange(waiting_, {});
    const auto patience = is_ending_ ? kLastPatience : kPatience;
    lock.unlock();
    send(std::move(spans), patience);
    lock.lock();
  }
  lock.unlock();
  send(std::exchange(waiting_, {}), kLastPatience);  // what came while the last batch was sent
}

void TraceExporter::send(std::vector<RequestSpan> spans, std::chrono::milliseconds patience) {
  if (spans.empty()) {
    return;
  }
  std::string status;
  try {
    const std::string body = write_spans(spans, service_name_);
    status = ask_server(
        collector_,
        "POST " + collector_.path,
        fmt::format(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(), body),
        patience);
  } catch (const std::exception&) {  // no collector, or no memory: traces are not worth an outage
  }
  if (!status.starts_with("HTTP/1.1 2") && !status.starts_with("HTTP/1.0 2")) {
    const std::lock_guard lock(mutex_);
    dropped_ += static_cast<int64_t>(spans.size());
  }
}

std::unique_ptr<TraceExporter> make_trace_exporter(
    const std::function<void(const std::string& sentence)>& warn) {
  std::string url = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (url.empty()) {
    url = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (!url.empty()) {
      url += url.ends_with('/') ? "v1/traces" : "/v1/traces";
    }
  }
  if (url.empty() || variable("OTEL_SDK_DISABLED") == "true") {
    return nullptr;
  }
  const std::string protocol = variable("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "http/json") {
    warn(fmt::format("traces are sent by http/json; OTEL_EXPORTER_OTLP_PROTOCOL is {}",
                     printable(protocol)));
  }
  const std::string name = variable("OTEL_SERVICE_NAME");
  return std::make_unique<TraceExporter>(url, name.empty() ? "fastintent" : name);
}

}  // namespace fastintent::serve
