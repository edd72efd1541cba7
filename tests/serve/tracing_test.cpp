#include "tracing.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent::serve {
namespace {

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kParent = "00f067aa0ba902b7";

std::string header(const std::string& version, const std::string& flags) {
  return version + "-" + kTrace + "-" + kParent + "-" + flags;
}

TEST(TraceContextTest, ContinuesTheTraceOfTheClient) {
  const TraceContext context = begin_trace(header("00", "01"));
  EXPECT_EQ(context.trace_id, kTrace);
  EXPECT_EQ(context.parent_id, kParent);
  EXPECT_EQ(context.span_id.size(), 16U);
  EXPECT_NE(context.span_id, kParent);
  EXPECT_EQ(context.traceparent(), "00-" + std::string(kTrace) + "-" + context.span_id + "-01");
  EXPECT_EQ(begin_trace(header("cc", "01") + "-more").trace_id, kTrace);  // of a later version
}

TEST(TraceContextTest, KeepsTheClientsSampling) {
  EXPECT_TRUE(begin_trace(header("00", "01")).is_sampled);
  EXPECT_TRUE(begin_trace(header("00", "0b")).is_sampled);
  EXPECT_FALSE(begin_trace(header("00", "00")).is_sampled);
  EXPECT_FALSE(begin_trace(header("00", "0a")).is_sampled);
  EXPECT_TRUE(begin_trace(std::nullopt).is_sampled);
}

TEST(TraceContextTest, BeginsATraceWhereTheHeaderIsMalformed) {
  const std::string zeros(32, '0');
  for (const std::string& malformed :
       {std::string(),
        std::string("00"),
        header("ff", "01"),
        header("0", "01"),
        header("00", "01") + "-more",
        header("00", "0g"),
        header("01", "01") + "more",
        "00-" + zeros + "-" + kParent + "-01",
        "00-" + std::string(kTrace) + "-" + zeros.substr(16) + "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + std::string(kParent) + "-01"}) {
    const TraceContext context = begin_trace(malformed);
    EXPECT_EQ(context.trace_id.size(), 32U) << malformed;
    EXPECT_NE(context.trace_id, kTrace) << malformed;
    EXPECT_EQ(context.parent_id, "") << malformed;
  }
}

RequestSpan span_of(int status) {
  using namespace std::chrono_literals;
  return {.context = {.trace_id = kTrace, .parent_id = kParent, .span_id = "b7ad6b7169203331"},
          .method = "POST",
          .route = "/v1/predict",
          .status = status,
          .begin = std::chrono::system_clock::time_point(1'700'000'000s),
          .timings = {.total = 3ms, .tokenize = 1ms, .predict = 0ns}};
}

TEST(SpansTest, AreOtlpInJson) {
  const auto document = nlohmann::json::parse(write_spans({span_of(503)}, "intents"));
  const auto& of_service = document.at("resourceSpans").at(0);
  EXPECT_EQ(of_service.at("resource").at("attributes").at(0).dump(),
            R"({"key":"service.name","value":{"stringValue":"intents"}})");
  const auto& spans = of_service.at("scopeSpans").at(0).at("spans");
  ASSERT_EQ(spans.size(), 2U);  // predict has taken no time
  EXPECT_EQ(spans[0],
            nlohmann::json::parse(
                R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"b7ad6b7169203331",
              "parentSpanId":"00f067aa0ba902b7","name":"POST /v1/predict","kind":2,
              "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000003000000",
              "attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},
                            {"key":"http.route","value":{"stringValue":"/v1/predict"}},
                            {"key":"http.response.status_code","value":{"intValue":"503"}}],
              "status":{"code":2}})"));
  EXPECT_EQ(spans[1].at("name"), "tokenize");
  EXPECT_EQ(spans[1].at("parentSpanId"), spans[0].at("spanId"));
  EXPECT_EQ(spans[1].at("endTimeUnixNano"), "1700000000001000000");
  EXPECT_FALSE(nlohmann::json::parse(write_spans({span_of(404)}, "intents"))
                   .at("resourceSpans")
                   .at(0)
                   .at("scopeSpans")
                   .at(0)
                   .at("spans")
                   .at(0)
                   .contains("status"));
}

// Receives one request as a collector does.
class Collector {
 public:
  explicit Collector(std::string answer) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(listen(socket_.get(), 1), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { receive(answer); });
  }
  ~Collector() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  void receive(const std::string& answer) {
    const FileDescriptor client(accept(socket_.get(), nullptr, nullptr));
    char buffer[4096];
    while (!request_.ends_with("]}]}]}")) {  // the end of the document
      const ssize_t count = recv(client.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) {
        break;
      }
      request_.append(buffer, static_cast<size_t>(count));
    }
    EXPECT_EQ(send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
  }

  FileDescriptor socket_;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(TraceExporterTest, SendsWhatIsLeftAtItsEnd) {
  Collector collector("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  {
    TraceExporter exporter(collector.url() + "/v1/traces", "intents");
    RequestSpan unsampled = span_of(200);
    unsampled.context.is_sampled = false;
    exporter.add(unsampled);
    exporter.add(span_of(200));
  }
  const std::string request = collector.request();
  EXPECT_TRUE(request.starts_with("POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n")) << request;
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_NE(request.find("Content-Length: " + std::to_string(body.size()) + "\r\n"),
            std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(body)
                .at("resourceSpans")
                .at(0)
                .at("scopeSpans")
                .at(0)
                .at("spans")
                .size(),
            2U);
}

TEST(TraceExporterTest, DropsAndCountsWhatACollectorDoesNotTake) {
  std::string url;
  {
    const Collector refusing("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    TraceExporter exporter(refusing.url() + "/v1/traces", "intents");
    for (int i = 0; i < 512; ++i) {  // a batch, which is sent at once
      exporter.add(span_of(200));
    }
    while (exporter.dropped() < 512) {
      std::this_thread::yield();
    }
    EXPECT_EQ(exporter.dropped(), 512);
    url = refusing.url();
  }
  TraceExporter nobody(url, "intents");  // the port is closed
  for (int i = 0; i < 100'000 && nobody.dropped() == 0; ++i) {
    nobody.add(span_of(200));  // waits for nothing
  }
  EXPECT_GT(nobody.dropped(), 0);
}

TEST(TraceExporterTest, FollowsTheVariablesOfOpenTelemetry) {
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& sentence) { warnings.push_back(sentence); };
  EXPECT_EQ(make_trace_exporter(warn), nullptr);
  setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", 1);
  EXPECT_NE(make_trace_exporter(warn), nullptr);
  EXPECT_TRUE(warnings.empty());
  setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 1);
  EXPECT_NE(make_trace_exporter(warn), nullptr);
  EXPECT_EQ(warnings.size(), 1U);
  setenv("OTEL_SDK_DISABLED", "true", 1);
  EXPECT_EQ(make_trace_exporter(warn), nullptr);
  unsetenv("OTEL_SDK_DISABLED");
  setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://elsewhere", 1);
  EXPECT_THROW(make_trace_exporter(warn), Error);
  unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
  unsetenv("OTEL_EXPORTER_OTLP_PROTOCOL");
}

}  // namespace
}  // namespace fastintent::serve
