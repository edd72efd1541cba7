#include "load_generator.h"

// Boost 1.74 with GCC 12 needs <utility> before it.
#include <utility>
//
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>

#include "base/parse_json.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;
using ErrorCodeOfBoost = boost::system::error_code;

constexpr uint64_t kMaxAnswerBytes = 64 << 20;  // a batch of 1,024 texts with all intents fits
constexpr std::chrono::seconds kPatience{10};   // for answers after the last request
constexpr std::chrono::milliseconds kLate{1};   // a tenth of what a slow server adds
constexpr std::chrono::milliseconds kRetryPause{10};  // before a server that refused is asked again

struct Answer {
  ErrorCodeOfBoost error;  // of the connection; then there is no answer
  unsigned status = 0;
  std::string body = {};
};

// One kept-alive connection with at most one request in progress. It connects again when the server
// has closed it.
class Connection {
 public:
  using OnAnswer = std::function<void(Connection&, const Answer&)>;

  Connection(net::io_context& io, const Load& load, tcp::endpoint endpoint, OnAnswer on_answer)
      : socket_(io), pause_(io), endpoint_(std::move(endpoint)), on_answer_(std::move(on_answer)) {
    const std::string& host = load.url.host;
    const bool is_ipv6 = host.find(':') != std::string::npos;
    request_.method(http::verb::post);
    request_.target(load.url.path);
    request_.set(http::field::host, (is_ipv6 ? "[" + host + "]" : host) + ":" + load.url.port);
    request_.set(http::field::content_type, "application/json");
    for (const auto& [name, value] : load.headers) {
      request_.set(name, value);
    }
  }

  void ask(std::string body, Clock::time_point intended) {
    intended_ = intended;
    request_.body() = std::move(body);
    request_.prepare_payload();
    if (socket_.is_open()) {
      write();
    } else {
      connect();
    }
  }

  Clock::time_point intended() const { return intended_; }
  Clock::time_point idle_since() const { return idle_since_; }

 private:
  void connect() {
    socket_.async_connect(endpoint_, [this](ErrorCodeOfBoost error) {
      if (error) {
        fail(error);
        return;
      }
      ErrorCodeOfBoost ignored;
      socket_.set_option(tcp::no_delay(true), ignored);
      write();
    });
  }

  void write() {
    http::async_write(socket_, request_, [this](ErrorCodeOfBoost error, size_t) {
      if (error) {
        fail(error);
      } else {
        read();
      }
    });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kMaxAnswerBytes);
    http::async_read(socket_, buffer_, *parser_, [this](ErrorCodeOfBoost error, size_t) {
      if (error) {
        fail(error);
        return;
      }
      const bool is_kept = parser_->keep_alive();
      auto response = parser_->release();
      if (!is_kept) {
        close();
      }
      finish({.error = {}, .status = response.result_int(), .body = std::move(response.body())});
    });
  }

  void close() {
    ErrorCodeOfBoost ignored;
    socket_.close(ignored);
    buffer_.clear();
  }

  // A server that is down is not asked again at once: the loop would do nothing else.
  void fail(ErrorCodeOfBoost error) {
    close();
    pause_.expires_after(kRetryPause);
    pause_.async_wait([this, error](ErrorCodeOfBoost) { finish({.error = error}); });
  }

  void finish(const Answer& answer) {
    idle_since_ = Clock::now();
    on_answer_(*this, answer);
  }

  tcp::socket socket_;
  net::steady_timer pause_;
  tcp::endpoint endpoint_;
  OnAnswer on_answer_;
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::string_body>> parser_;
  boost::beast::flat_buffer buffer_;
  Clock::time_point intended_;
  Clock::time_point idle_since_;
};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Clock::duration of_seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

class Generator {
 public:
  explicit Generator(const Load& load) : load_(load), timer_(io_) {
    const tcp::endpoint endpoint = resolve();
    for (int i = 0; i < load.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(
          io_, load_, endpoint, [this](Connection& connection, const Answer& answer) {
            on_answer_(connection, answer);
          }));
    }
  }

  // One request a connection, before the clock.
  void check() {
    size_t checked = 0;
    on_answer_ = [&](Connection& connection, const Answer& answer) {
      require_usable(answer);
      idle_.push_back(&connection);
      ++checked;
    };
    for (const auto& connection : connections_) {
      connection->ask(load_.body(number_++), Clock::now());
    }
    io_.run_for(kPatience);
    if (checked < connections_.size()) {
      throw Error(
          ErrorCode::missing_input,
          fmt::format("bench: expected an answer within {} s on {} connections, found one on "
                      "{} ({})",
                      kPatience.count(),
                      connections_.size(),
                      checked,
                      place()));
    }
    io_.restart();
  }

  LoadReport run() {
    const double cpu_before = cpu_seconds();
    start_ = Clock::now();
    last_answer_ = start_;
    end_ = start_ + of_seconds(load_.seconds);
    on_answer_ = [this](Connection& connection, const Answer& answer) {
      count(connection, answer);
      --in_progress_;
      idle_.push_back(&connection);
      send_due();
    };
    send_due();
    io_.run_until(end_ + kPatience);
    report_.seconds = std::chrono::duration<double>(last_answer_ - start_).count();
    report_.unanswered = in_progress_;
    report_.unsent = is_open() ? planned() - sent_ : 0;
    report_.cpu_share =
        (cpu_seconds() - cpu_before) / std::chrono::duration<double>(Clock::now() - start_).count();
    std::sort(report_.latencies.begin(), report_.latencies.end());
    return std::move(report_);
  }

 private:
  bool is_open() const { return load_.rate > 0; }
  int64_t planned() const { return std::llround(load_.rate * load_.seconds); }
  std::string place() const {
    return fmt::format("http://{}:{}{}", load_.url.host, load_.url.port, load_.url.path);
  }

  tcp::endpoint resolve() {
    ErrorCodeOfBoost error;
    const auto found = tcp::resolver(io_).resolve(load_.url.host, load_.url.port, error);
    if (error || found.empty()) {
      throw Error(ErrorCode::missing_input,
                  fmt::format("bench: expected a host and port that exist, found {} ({})",
                              error.message(),
                              place()));
    }
    // "localhost" may have an address of each family, of which a server uses one.
    for (const auto& entry : found) {
      tcp::socket socket(io_);
      socket.connect(entry.endpoint(), error);
      if (!error) {
        return entry.endpoint();
      }
    }
    throw Error(ErrorCode::missing_input,
                fmt::format("bench: expected a server, found: {} ({})", error.message(), place()));
  }

  void require_usable(const Answer& answer) const {
    if (answer.error) {
      throw Error(
          ErrorCode::missing_input,
          fmt::format(
              "bench: expected an answer, found: {} ({})", answer.error.message(), place()));
    }
    if (answer.status != 200) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("bench: expected an answer with status 200, found {}: {} ({})",
                              answer.status,
                              printable(answer.body),
                              place()));
    }
    parse_json(answer.body,
               place(),
               {.error = ErrorCode::invalid_data, .operation = "bench: read answer"});
  }

  // The time of the next request, if it is to be sent by now.
  std::optional<Clock::time_point> next_due(Clock::time_point now) const {
    if (!is_open()) {
      return now < end_ ? std::optional(now) : std::nullopt;
    }
    const Clock::time_point intended = time_of(sent_);
    const bool is_due = sent_ < planned() && intended <= now && now < end_ + kPatience;
    return is_due ? std::optional(intended) : std::nullopt;
  }

  Clock::time_point time_of(int64_t number) const {
    return start_ + of_seconds(static_cast<double>(number) / load_.rate);
  }

  void send_due() {
    while (!idle_.empty()) {
      const Clock::time_point now = Clock::now();
      const auto intended = next_due(now);
      if (!intended) {
        break;
      }
      Connection& connection = *idle_.front();
      idle_.pop_front();
      if (now - std::max(*intended, connection.idle_since()) >= kLate) {
        ++report_.late;
      }
      ++sent_;
      ++in_progress_;
      connection.ask(load_.body(number_++), *intended);
    }
    if (is_open() && !idle_.empty() && sent_ < planned()) {
      timer_.expires_at(time_of(sent_));
      timer_.async_wait([this](ErrorCodeOfBoost error) {
        if (!error) {
          send_due();
        }
      });
    }
  }

  void count(const Connection& connection, const Answer& answer) {
    last_answer_ = Clock::now();
    if (answer.error) {
      ++report_.failed;
      return;
    }
    ++report_.answers[answer.status];
    if (answer.status == 200) {
      const std::chrono::duration<double, std::milli> latency =
          last_answer_ - connection.intended();
      report_.latencies.push_back(latency.count());
    }
  }

  const Load& load_;
  net::io_context io_{1};
  net::steady_timer timer_;
  Connection::OnAnswer on_answer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> idle_;  // the one that has waited longest first, so that all are used
  int64_t number_ = 0;            // of the next body
  int64_t sent_ = 0;
  int64_t in_progress_ = 0;
  Clock::time_point start_;
  Clock::time_point end_;
  Clock::time_point last_answer_;
  LoadReport report_;
};

}  // namespace

Url parse_url(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  const auto refuse = [&] {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("bench: expected a URL as http://HOST:PORT/PATH, found {}", printable(text)));
  };
  if (!text.starts_with(kScheme)) {
    refuse();
  }
  const size_t slash = std::min(text.find('/', kScheme.size()), text.size());
  std::string place = text.substr(kScheme.size(), slash - kScheme.size());
  Url url{.host = "", .port = "80", .path = slash < text.size() ? text.substr(slash) : "/"};
  const size_t bracket = place.rfind(']');
  const size_t colon = place.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    url.port = place.substr(colon + 1);
    place.resize(colon);
  }
  if (place.starts_with('[') && place.ends_with(']')) {
    place = place.substr(1, place.size() - 2);
  }
  url.host = place;
  const bool is_number = std::all_of(
      url.port.begin(), url.port.end(), [](char digit) { return '0' <= digit && digit <= '9'; });
  const bool is_plain =
      std::all_of(text.begin(), text.end(), [](char each) { return ' ' < each && each != '\x7f'; });
  if (url.host.empty() || url.host.find('@') != std::string::npos || url.port.empty() ||
      url.port.size() > 5 || !is_number || !is_plain) {
    refuse();
  }
  return url;
}

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) {
    return 0;
  }
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[std::max<size_t>(static_cast<size_t>(rank), 1) - 1];
}

LoadReport run_load(const Load& load) {
  Generator generator(load);
  generator.check();
  return generator.run();
}

}  // namespace fastintent::serve
