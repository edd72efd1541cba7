#include "http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <csignal>
#include <ctime>
#include <limits>
#include <list>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "fastintent/error.h"
#include "messages.h"

namespace fastintent::serve {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using beast::error_code;
using std::chrono::seconds;
using PlainStream =
    beast::basic_stream<net::generic::stream_protocol, net::io_context::executor_type>;
using TlsStream = beast::ssl_stream<PlainStream>;
using Socket =
    net::basic_stream_socket<net::generic::stream_protocol, net::io_context::executor_type>;

constexpr size_t kHeaderBytes = 8192;  // of the request line and all headers
constexpr size_t kHeaders = 64;
// Two reads of Beast. Without a limit it would keep an endless extension of a chunk, or trailer.
constexpr size_t kBufferedBytes = 128 << 10;
constexpr int kRequestsOfConnection = 100'000;  // then the load is spread anew by a balancer
constexpr size_t kPieceBytes = 64 << 10;        // of a streamed body: about 1,000 texts
// Boost 1.74 takes boost::none for a limit of zero where a length is sent.
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
constexpr seconds kIdle{60};          // between two requests
constexpr seconds kHeadTime{10};      // from its first byte to its end
constexpr seconds kTransferTime{60};  // of a body or an answer, or a piece of a stream
constexpr seconds kLinger{2};         // a client that still sends must be able to read the refusal
// A client that got its last answer before the stop was decided may be sending its next request.
constexpr std::chrono::milliseconds kLastRequest{500};
constexpr std::chrono::milliseconds kAcceptPause{50};  // when descriptors have run out

[[noreturn]] void fail(ErrorCode code, const std::string& operation, const std::string& found) {
  throw Error(code, fmt::format("serve: expected to {}, found: {}", operation, found));
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      return std::nullopt;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// Reads the target into `request`; false when it is none that a server of its own may get.
bool read_target(std::string_view target, HttpRequest& request) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.starts_with(scheme)) {  // the form for proxies, which a server must accept, too
      const size_t path = target.find('/', scheme.size());
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
  }
  if (!target.starts_with('/')) {
    return false;
  }
  const size_t question = std::min(target.find('?'), target.size());
  const auto path = percent_decoded(target.substr(0, question), false);
  if (!path || path->find('\0') != std::string::npos) {
    return false;
  }
  request.path = *path;
  std::string_view query = target.substr(std::min(question + 1, target.size()));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals), true);
    const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return false;
    }
    request.query.emplace_back(*name, *value);
  }
  return true;
}

// A refusal that belongs to no dialect.
HttpResponse plain_refusal(int status, std::string_view message) {
  return {.status = status, .body = fmt::format(R"({{"error":"{}"}})", message)};
}

// What the server does with all of its connections.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void abort() = 0;
  virtual bool has_bytes() = 0;  ///< that the client has sent and nobody has read

  std::optional<std::list<Connection*>::iterator> idle_place;  // while it waits for a request
};

// For the header Date, which needs a new text once a second.
std::string_view http_date() {
  static thread_local std::time_t last = 0;
  static thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != last) {
    last = now;
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return text;
}

}  // namespace

class HttpServer::State : public std::enable_shared_from_this<State> {
 public:
  State(RequestHandler& handler, const HttpSettings& settings)
      : handler_(handler), settings_(settings), signals_(context_), accept_pause_(context_) {
    if (!settings_.tls_certificate.empty()) {
      reload_tls();
    }
    listen();
  }
  ~State() {
    if (!settings_.unix_path.empty() && settings_.inherited_socket < 0) {
      unlink(settings_.unix_path.c_str());
    }
  }

  void run() {
    accept();
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {  // such as no memory: others are served
        cli::say("internal error: {}", error.what());
      }
    }
  }
  void every(std::chrono::milliseconds period, std::function<void()> task) {
    auto timer = timers_.emplace(timers_.end(), context_);
    wait(*timer, period, std::move(task));
  }
  void after(std::chrono::milliseconds delay, std::function<void()> task) {
    if (closing_ && connections_.empty()) {  // run() is about to return
      return;
    }
    const auto timer = delayed_.emplace(delayed_.end(), context_);
    timer->expires_after(delay);
    timer->async_wait([this, timer, task = std::move(task)](error_code error) {
      delayed_.erase(timer);
      if (!error) {
        task();
      }
    });
  }
  void on_signal(std::function<void(int)> task) {
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) {
      signals_.add(each);
    }
    wait_signal(std::move(task));
  }
  void close_after(std::chrono::milliseconds delay) {
    ending_ = true;
    after(delay, [this] { close(); });
  }
  void abort() {
    close();
    takes_no_more_ = true;
    const std::set<Connection*> open = connections_;
    for (Connection* each : open) {
      each->abort();
    }
  }
  void reload_tls();

  RequestHandler& handler() { return handler_; }
  const HttpSettings& settings() const { return settings_; }
  net::io_context& context() { return context_; }
  bool is_ending() const { return ending_; }
  bool takes_no_more() const { return takes_no_more_; }
  const std::string& url() const { return url_; }
  int64_t connection_count() const { return count_; }

  void enter(Connection& connection) {
    connections_.insert(&connection);
    count_ = static_cast<int64_t>(connections_.size());
  }
  void leave(Connection& connection) {
    set_idle(connection, false);
    connections_.erase(&connection);
    count_ = static_cast<int64_t>(connections_.size());
  }
  // The connection waits for a request, or does so no longer. The list is in the order of waiting.
  void set_idle(Connection& connection, bool idle) {
    if (idle == connection.idle_place.has_value()) {
      return;
    }
    if (idle) {
      connection.idle_place = idle_.insert(idle_.end(), &connection);
    } else {
      idle_.erase(*std::exchange(connection.idle_place, std::nullopt));
    }
  }

 private:
  using Tcp = net::basic_socket_acceptor<net::ip::tcp, net::io_context::executor_type>;
  using Unix =
      net::basic_socket_acceptor<net::local::stream_protocol, net::io_context::executor_type>;

  void listen();
  void listen_tcp();
  void name_tcp();
  void listen_unix();
  void accept() {
    if (tcp_) {
      accept_from(*tcp_);
    }
    if (unix_) {
      accept_from(*unix_);
    }
  }
  void close();
  template <class Acceptor>
  void accept_from(Acceptor& acceptor);
  template <class Acceptor>
  void accept_waiting(Acceptor& acceptor);
  void begin(Socket socket);
  void wait(net::steady_timer& timer,
            std::chrono::milliseconds period,
            std::function<void()> task) {
    timer.expires_after(period);
    timer.async_wait([this, &timer, period, task = std::move(task)](error_code error) {
      if (!error && !closing_) {
        task();
        wait(timer, period, task);
      }
    });
  }
  void wait_signal(std::function<void(int)> task) {
    signals_.async_wait([this, task = std::move(task)](error_code error, int signal) {
      if (!error) {
        task(signal);
        if (!closing_ || !connections_.empty()) {
          wait_signal(task);
        }
      }
    });
  }
  // Without them run() returns.
  void end_waits_when_alone() {
    if (closing_ && connections_.empty()) {
      error_code ignored;
      signals_.cancel(ignored);
      for (net::steady_timer& timer : delayed_) {
        timer.cancel();
      }
    }
  }

  friend class HttpServer;
  RequestHandler& handler_;
  HttpSettings settings_;
  net::io_context context_{1};
  net::signal_set signals_;
  net::steady_timer accept_pause_;
  std::list<net::steady_timer> timers_;   // of tasks that recur
  std::list<net::steady_timer> delayed_;  // of tasks that run once
  std::optional<Tcp> tcp_;
  std::optional<Unix> unix_;
  std::shared_ptr<net::ssl::context> tls_;
  std::set<Connection*> connections_;
  std::list<Connection*> idle_;
  std::atomic<int64_t> count_{0};
  std::string url_;
  bool ending_ = false;         // each answer is the last of its connection
  bool closing_ = false;        // no connection is accepted
  bool takes_no_more_ = false;  // nor a request

 public:
  void left() { end_waits_when_alone(); }
};

namespace {

// One connection: reads a request, waits for its answer, sends it, and begins anew.
template <class Stream>
class Session : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(std::shared_ptr<HttpServer::State> server, Stream stream)
      : server_(std::move(server)), stream_(std::move(stream)) {
    server_->enter(*this);
  }
  ~Session() override {
    server_->leave(*this);
    server_->left();
  }

  void start() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      lowest().expires_after(kHeadTime);
      stream_.async_handshake(net::ssl::stream_base::server, [self = self()](error_code error) {
        if (!error) {
          self->read_head();
        }
      });
    } else {
      read_head();
    }
  }

  bool has_bytes() override {
    char byte = 0;
    return recv(lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void abort() override {
    const auto keep = self();
    work_.reset();
    streaming_.reset();
    body_stream_.reset();
    busy_ = false;
    lowest().close();
  }

 private:
  std::shared_ptr<Session> self() { return this->shared_from_this(); }
  PlainStream& lowest() { return beast::get_lowest_layer(stream_); }

  void set_idle(bool idle) { server_->set_idle(*this, idle); }

  // Reads until the buffer has a whole header. It is checked here, byte by byte, for what a parser
  // may read in more than one way.
  void read_head() {
    busy_ = false;
    head_ = {};
    is_head_request_ = false;
    has_begun_ = buffer_.size() > 0;
    if (!has_begun_) {
      if (server_->takes_no_more()) {
        close();
        return;
      }
      buffer_ = beast::flat_buffer(kBufferedBytes);  // an idle connection needs no memory for it
      set_idle(true);
      lowest().expires_after(kIdle);
    } else {
      lowest().expires_after(kHeadTime);
      if (find_head()) {
        return;
      }
    }
    read_head_bytes();
  }
  void read_head_bytes() {
    stream_.async_read_some(buffer_.prepare(4096), [self = self()](error_code error, size_t count) {
      self->set_idle(false);
      if (error) {
        self->close();
        return;
      }
      if (!std::exchange(self->has_begun_, true)) {
        self->lowest().expires_after(kHeadTime);
      }
      self->buffer_.commit(count);
      if (!self->find_head()) {
        self->read_head_bytes();
      }
    });
  }

  std::string_view buffered() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

  // False: more bytes are needed.
  bool find_head() {
    if (buffered().starts_with("\r\n")) {  // some clients send one after a body
      buffer_.consume(2);
    }
    const std::string_view bytes = buffered();
    const size_t end = bytes.find("\r\n\r\n");
    const std::string_view head = bytes.substr(0, end);
    if (!head.empty() && (head[0] < 'A' || head[0] > 'Z')) {
      refuse(plain_refusal(400, "expected an HTTP request, found other bytes"));
      return true;
    }
    for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
      const bool folded = at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t');
      if (at == 0 || head[at - 1] != '\r' || folded) {
        refuse(plain_refusal(400, "expected lines that end in CR LF and are not folded"));
        return true;
      }
    }
    if (head.size() > kHeaderBytes) {
      refuse(plain_refusal(431, "expected headers of at most 8192 bytes"));
      return true;
    }
    if (end == std::string_view::npos) {
      return false;
    }
    parse_head(end + 4);
    return true;
  }

  void parse_head(size_t size) {
    head_parser_.emplace();
    head_parser_->header_limit(kHeaderBytes + 4);
    head_parser_->body_limit(kNoLimit);
    error_code error;
    const size_t used = head_parser_->put(net::buffer(buffer_.data(), size), error);
    buffer_.consume(used);
    if (error || !head_parser_->is_header_done()) {
      refuse(plain_refusal(400, "expected an HTTP/1.1 request, found one that is malformed"));
      return;
    }
    const auto& message = head_parser_->get();
    head_.method = std::string(message.method_string());
    is_head_request_ = head_.method == "HEAD";
    version_ = message.version();
    const bool has_target = read_target({message.target().data(), message.target().size()}, head_);
    for (const auto& field : message) {
      head_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    if (!has_target) {
      refuse(plain_refusal(400, "expected a path as the request's target"));
    } else if (head_.headers.size() > kHeaders) {
      refuse(plain_refusal(431, "expected at most 64 headers"));
    } else if (!has_one_host()) {
      refuse(plain_refusal(400, "expected one header Host"));
    } else if (!has_plain_transfer()) {
      refuse(plain_refusal(501, "expected the transfer encoding chunked, or none"));
    } else {
      begin();
    }
  }

  bool has_one_host() const {
    const auto& message = head_parser_->get();
    const auto count = static_cast<size_t>(message.count(http::field::host));
    return count == 1 || (count == 0 && message.version() == 10);
  }
  bool has_plain_transfer() const {
    const auto& message = head_parser_->get();
    return message.count(http::field::transfer_encoding) == 0 ||
           beast::iequals(message[http::field::transfer_encoding], "chunked");
  }

  void begin() {
    keep_alive_ = head_parser_->keep_alive();
    busy_ = true;
    const std::weak_ptr<Session> weak = self();
    RequestHandler::Beginning beginning =
        server_->handler().begin(head_, [weak, &context = server_->context()] {
          net::post(context, [weak] {
            if (const auto session = weak.lock()) {
              session->pump();
            }
          });
        });
    if (beginning.refusal) {
      refuse(std::move(*beginning.refusal));
    } else if (beginning.stream != nullptr) {
      stream_type_ = beginning.content_type;
      body_stream_ = std::move(beginning.stream);
      invite_body(&Session::begin_stream);
    } else if (head_parser_->content_length() && *head_parser_->content_length() > body_limit()) {
      refuse_too_large();
    } else {
      body_parser_.emplace(std::move(*head_parser_));
      body_parser_->body_limit(body_limit());
      body_parser_->eager(true);
      invite_body(&Session::take_body);
    }
  }

  uint64_t body_limit() const {
    return static_cast<uint64_t>(server_->settings().limits.body_bytes);
  }
  void refuse_too_large() {
    refuse(server_->handler().refuse(
        head_,
        Failure::too_large,
        fmt::format("expected a body of at most {} bytes, found more; send its texts as lines of "
                    "JSON (application/x-ndjson) to /v1/predict",
                    body_limit())));
  }

  // Sends "100 Continue" to a client that waits for it, as curl does before a large body.
  void invite_body(void (Session::*next)()) {
    const auto expect = head_.header("Expect");
    if (!expect || !beast::iequals({expect->data(), expect->size()}, "100-continue")) {
      (this->*next)();
      return;
    }
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    lowest().expires_after(kTransferTime);
    net::async_write(
        stream_, net::buffer(kContinue), [self = self(), next](error_code error, size_t) {
          if (!error) {
            ((*self).*next)();
          }
        });
  }

  // What has come with the header needs no wait.
  void take_body() {
    error_code error;
    while (!body_parser_->is_done() && buffer_.size() > 0 && !error) {
      buffer_.consume(body_parser_->put(buffer_.data(), error));
    }
    if (error && error != http::error::need_more) {
      refuse_body(error);
    } else if (body_parser_->is_done()) {
      answer();
    } else {
      lowest().expires_after(kTransferTime);
      http::async_read(
          stream_, buffer_, *body_parser_, [self = self()](error_code failure, size_t) {
            if (failure) {
              self->refuse_body(failure);
            } else {
              self->answer();
            }
          });
    }
  }

  void refuse_body(error_code error) {
    if (error == http::error::body_limit) {
      refuse_too_large();
    } else if (error.category() == http::make_error_code(http::error::bad_chunk).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      refuse(plain_refusal(400, "expected a body as its headers describe it"));
    } else {
      close();
    }
  }

  void answer() {
    head_.body = std::move(body_parser_->get().body());
    body_parser_.reset();
    lowest().expires_never();  // the handler has its own limit
    ++exchange_;
    auto work = server_->handler().answer(
        std::move(head_), [self = self(), exchange = exchange_](HttpResponse response) {
          net::dispatch(self->server_->context(),
                        [self, exchange, response = std::move(response)]() mutable {
                          if (self->busy_ && self->exchange_ == exchange) {
                            self->send(std::move(response));
                          }
                        });
        });
    if (busy_) {
      work_ = std::move(work);
      watch_client();
    }
  }

  // Notices a client that leaves before its answer is there.
  void watch_client() {
    if (watching_) {
      return;
    }
    watching_ = true;
    lowest().socket().async_wait(Socket::wait_read, [self = self()](error_code error) {
      self->watching_ = false;
      if (error || !self->busy_) {
        return;
      }
      char byte = 0;
      const ssize_t count =
          recv(self->lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        self->abort();
      } else if (count < 0) {
        self->watch_client();
      }  // else a further request waits, and so does its client
    });
  }

  void refuse(HttpResponse response) {
    keep_alive_ = false;
    busy_ = true;
    send(std::move(response));
  }

  template <class Response>
  void add_fields(Response& response, const HttpResponse& from) {
    response.version(version_);
    response.result(static_cast<unsigned>(from.status));
    const std::string_view date = http_date();
    response.set(http::field::date, beast::string_view(date.data(), date.size()));
    for (const auto& [name, value] : from.headers) {
      response.set(name, value);
    }
    if (!from.content_type.empty()) {
      response.set(http::field::content_type, from.content_type);
    }
    if (++requests_ >= kRequestsOfConnection || server_->is_ending()) {
      keep_alive_ = false;
    }
    response.keep_alive(keep_alive_);
  }

  void send(HttpResponse response) {
    busy_ = false;
    work_.reset();
    response_.emplace();
    add_fields(*response_, response);
    response_->body() = std::move(response.body);
    response_->prepare_payload();
    lowest().expires_after(kTransferTime);
    const auto sent = [self = self()](error_code error, size_t) {
      self->serializer_.reset();
      self->response_.reset();
      if (error) {
        self->close();
      } else if (self->keep_alive_) {
        self->read_head();
      } else {
        self->linger();
      }
    };
    if (is_head_request_) {
      serializer_.emplace(*response_);
      http::async_write_header(stream_, *serializer_, sent);
    } else {
      http::async_write(stream_, *response_, sent);
    }
  }

  // Reads on for a moment: closed at once, the connection would lose the answer to a client that
  // still sends.
  void linger() {
    error_code ignored;
    lowest().socket().shutdown(net::socket_base::shutdown_send, ignored);
    lowest().expires_after(kLinger);
    discard();
  }
  void discard() {
    buffer_.clear();
    lowest().async_read_some(buffer_.prepare(4096), [self = self()](error_code error, size_t) {
      if (error) {
        self->close();
      } else {
        self->discard();
      }
    });
  }
  void close() {
    error_code ignored;
    lowest().socket().shutdown(net::socket_base::shutdown_both, ignored);
    lowest().close();
  }

  void begin_stream() {
    streaming_ = self();
    stream_head_.emplace();
    add_fields(*stream_head_, HttpResponse{.content_type = std::string(stream_type_)});
    chunked_ = head_parser_->get().version() == 11;
    stream_head_->chunked(chunked_);
    if (!chunked_) {
      keep_alive_ = false;  // the end of the connection is the end of the answer
    }
    stream_parser_.emplace(std::move(*head_parser_));
    stream_parser_->body_limit(kNoLimit);
    body_ended_ = stream_parser_->is_done();
    if (body_ended_) {
      body_stream_->end();
    }
    stream_serializer_.emplace(*stream_head_);
    writing_ = true;
    lowest().expires_after(kTransferTime);
    http::async_write_header(
        stream_, *stream_serializer_, [self = self()](error_code error, size_t) {
          self->on_stream_written(error);
        });
  }

  // Sends what is ready and reads while the stream wants more.
  void pump() {
    if (body_stream_ == nullptr) {
      return;
    }
    if (!writing_) {
      chunk_ = body_stream_->output();
      if (!chunk_.empty() || body_stream_->is_done()) {
        write_chunk();
      }
    }
    if (body_stream_ != nullptr && !reading_ && !body_ended_ && body_stream_->wants_more()) {
      read_piece();
    }
  }

  void write_chunk() {
    writing_ = true;
    const bool is_last = chunk_.empty();
    lowest().expires_after(kTransferTime);
    const auto written = [self = self(), is_last](error_code error, size_t) {
      if (is_last) {
        self->end_stream(error);
      } else {
        self->on_stream_written(error);
      }
    };
    if (!chunked_) {
      net::async_write(stream_, net::buffer(chunk_), written);
    } else if (is_last) {
      net::async_write(stream_, http::make_chunk_last(), written);
    } else {
      net::async_write(stream_, http::make_chunk(net::buffer(chunk_)), written);
    }
  }
  void on_stream_written(error_code error) {
    writing_ = false;
    if (error) {
      abort();
    } else {
      pump();
    }
  }
  void end_stream(error_code error) {
    writing_ = false;
    streaming_.reset();
    body_stream_.reset();
    stream_serializer_.reset();
    stream_head_.reset();
    stream_parser_.reset();
    if (error) {
      close();
    } else if (keep_alive_) {
      read_head();
    } else {
      linger();
    }
  }

  void read_piece() {
    reading_ = true;
    piece_.resize(kPieceBytes);
    auto& body = stream_parser_->get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    body.more = true;
    lowest().expires_after(kTransferTime);
    http::async_read_some(
        stream_, buffer_, *stream_parser_, [self = self()](error_code error, size_t) {
          self->reading_ = false;
          if (self->body_stream_ == nullptr) {
            return;
          }
          if (error && error != http::error::need_buffer) {
            self->abort();
            return;
          }
          const size_t left = self->stream_parser_->get().body().size;
          self->body_stream_->add({self->piece_.data(), self->piece_.size() - left});
          if (self->stream_parser_->is_done()) {
            self->body_ended_ = true;
            self->body_stream_->end();
          }
          self->pump();
        });
  }

  std::shared_ptr<HttpServer::State> server_;
  Stream stream_;
  beast::flat_buffer buffer_{kBufferedBytes};
  HttpRequest head_;
  std::optional<http::request_parser<http::empty_body>> head_parser_;
  std::optional<http::request_parser<http::string_body>> body_parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::shared_ptr<void> work_;  // of the request that is being answered
  uint64_t exchange_ = 0;       // number of that request
  int requests_ = 0;
  unsigned version_ = 11;   // of the last request: HTTP/1.1
  bool has_begun_ = false;  // the first bytes of a request have come
  bool busy_ = false;
  bool watching_ = false;
  bool keep_alive_ = false;
  bool is_head_request_ = false;

  // Of a body that is answered while it arrives.
  std::unique_ptr<BodyStream> body_stream_;
  std::string_view stream_type_;
  // Keeps the session while its stream only waits for the engine: no operation of the network does.
  std::shared_ptr<Session> streaming_;
  std::optional<http::request_parser<http::buffer_body>> stream_parser_;
  std::optional<http::response<http::empty_body>> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> stream_serializer_;
  std::vector<char> piece_;
  std::string chunk_;
  bool chunked_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool body_ended_ = false;
};

}  // namespace

void HttpServer::State::listen() {
  if (settings_.inherited_socket >= 0) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    error_code error;
    if (getsockname(settings_.inherited_socket, reinterpret_cast<sockaddr*>(&address), &size) !=
        0) {
      fail(ErrorCode::invalid_argument, "listen on a socket of systemd", "none");
    }
    if (address.ss_family == AF_UNIX) {
      unix_.emplace(context_);
      unix_->assign(net::local::stream_protocol(), settings_.inherited_socket, error);
      url_ = "unix socket of systemd";
    } else {
      tcp_.emplace(context_);
      tcp_->assign(address.ss_family == AF_INET6 ? net::ip::tcp::v6() : net::ip::tcp::v4(),
                   settings_.inherited_socket,
                   error);
      name_tcp();
    }
    if (error) {
      fail(ErrorCode::cannot_create, "listen on a socket of systemd", error.message());
    }
    return;
  }
  if (!settings_.unix_path.empty()) {
    listen_unix();
  }
  if (!settings_.address.empty()) {
    listen_tcp();
  }
}

void HttpServer::State::listen_tcp() {
  error_code error;
  const auto address = net::ip::make_address(
      settings_.address == "localhost" ? "127.0.0.1" : settings_.address, error);
  if (error) {
    fail(ErrorCode::invalid_argument, "listen on an IP address", settings_.address);
  }
  const net::ip::tcp::endpoint place(address, settings_.port);
  tcp_.emplace(context_);
  tcp_->open(place.protocol(), error);
  if (!error) {
    // A server that has just ended leaves connections behind; this does not share a port.
    tcp_->set_option(net::socket_base::reuse_address(true), error);
    tcp_->bind(place, error);
  }
  if (!error) {
    tcp_->listen(net::socket_base::max_listen_connections, error);
  }
  if (error) {
    fail(ErrorCode::cannot_create,
         fmt::format("listen on {} port {} (--host, --port)", settings_.address, settings_.port),
         error.message());
  }
  name_tcp();
}

void HttpServer::State::name_tcp() {
  error_code error;
  const net::ip::tcp::endpoint place = tcp_->local_endpoint(error);
  std::string host = place.address().to_string();
  if (place.address().is_v6()) {
    host = "[" + host + "]";
  }
  url_ = fmt::format("{}://{}:{}", tls_ == nullptr ? "http" : "https", host, place.port());
}

void HttpServer::State::listen_unix() {
  const std::string& path = settings_.unix_path;
  struct stat found{};
  error_code error;
  if (lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) {
      fail(ErrorCode::cannot_create, "create the socket " + path, "a file that is no socket");
    }
    net::local::stream_protocol::socket other(context_);
    other.connect(net::local::stream_protocol::endpoint(path), error);
    if (!error) {
      fail(ErrorCode::cannot_create, "create the socket " + path, "a server that uses it");
    }
    unlink(path.c_str());  // of a server that was killed
  }
  unix_.emplace(context_);
  const mode_t before = umask(0117);  // 0660 from its first moment
  try {
    unix_->open(net::local::stream_protocol());
    unix_->bind(net::local::stream_protocol::endpoint(path));
    unix_->listen();
  } catch (const std::exception& reason) {
    umask(before);
    fail(ErrorCode::cannot_create, "create the socket " + path, reason.what());
  }
  umask(before);
  url_ = "unix:" + path;
}

void HttpServer::State::reload_tls() {
  auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  context->use_certificate_chain_file(settings_.tls_certificate, error);
  if (error) {
    fail(ErrorCode::missing_input,
         "read a certificate (" + settings_.tls_certificate + ")",
         error.message());
  }
  context->use_private_key_file(settings_.tls_key, net::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context->native_handle()) != 1) {
    fail(ErrorCode::missing_input,
         "read the certificate's private key (" + settings_.tls_key + ")",
         error ? error.message() : "another key");
  }
  tls_ = std::move(context);
}

template <class Acceptor>
void HttpServer::State::accept_from(Acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](error_code error, auto socket) {
    if (closing_) {
      return;
    }
    if (error) {  // such as no descriptors: try again when others have ended
      accept_pause_.expires_after(kAcceptPause);
      accept_pause_.async_wait([this, &acceptor](error_code) {
        if (!closing_) {
          accept_from(acceptor);
        }
      });
      return;
    }
    if constexpr (std::is_same_v<Acceptor, Tcp>) {
      error_code ignored;
      socket.set_option(net::ip::tcp::no_delay(true), ignored);
    }
    begin(Socket(std::move(socket)));
    accept_from(acceptor);
  });
}

void HttpServer::State::begin(Socket socket) {
  if (static_cast<int64_t>(connections_.size()) >= settings_.limits.connections) {
    if (idle_.empty()) {
      return;  // all are at work; closes this one
    }
    idle_.front()->abort();  // it has waited longest
  }
  try {
    if (tls_ != nullptr) {
      std::make_shared<Session<TlsStream>>(shared_from_this(),
                                           TlsStream(PlainStream(std::move(socket)), *tls_))
          ->start();
    } else {
      std::make_shared<Session<PlainStream>>(shared_from_this(), PlainStream(std::move(socket)))
          ->start();
    }
  } catch (const std::exception&) {  // no memory: this client is refused, others are served
  }
}

// What the kernel has accepted is served: those clients have seen no refusal.
template <class Acceptor>
void HttpServer::State::accept_waiting(Acceptor& acceptor) {
  error_code error;
  acceptor.non_blocking(true, error);
  while (!error) {
    auto socket = acceptor.accept(error);
    if (!error) {
      begin(Socket(std::move(socket)));
    }
  }
  acceptor.close(error);
}

void HttpServer::State::close() {
  if (std::exchange(closing_, true)) {
    return;
  }
  ending_ = true;
  for (net::steady_timer& timer : timers_) {
    timer.cancel();
  }
  accept_pause_.cancel();
  if (tcp_) {
    accept_waiting(*tcp_);
  }
  if (unix_) {
    accept_waiting(*unix_);
  }
  after(kLastRequest, [this] {
    takes_no_more_ = true;
    const std::list<Connection*> idle = idle_;
    for (Connection* each : idle) {
      if (!each->has_bytes()) {
        each->abort();
      }
    }
  });
  end_waits_when_alone();
}

HttpServer::HttpServer(RequestHandler& handler, const HttpSettings& settings)
    : state_(std::make_shared<State>(handler, settings)) {}
HttpServer::~HttpServer() = default;
void HttpServer::run() {
  state_->run();
}
void HttpServer::post(std::function<void()> task) {
  net::post(state_->context(), std::move(task));
}
void HttpServer::every(std::chrono::milliseconds period, std::function<void()> task) {
  state_->every(period, std::move(task));
}
void HttpServer::after(std::chrono::milliseconds delay, std::function<void()> task) {
  state_->after(delay, std::move(task));
}
void HttpServer::on_signal(std::function<void(int)> task) {
  state_->on_signal(std::move(task));
}
void HttpServer::close_after(std::chrono::milliseconds delay) {
  state_->close_after(delay);
}
void HttpServer::abort() {
  state_->abort();
}
void HttpServer::reload_tls() {
  state_->reload_tls();
}
std::string HttpServer::url() const {
  return state_->url();
}
int64_t HttpServer::connections() const {
  return state_->connection_count();
}

}  // namespace fastintent::serve
