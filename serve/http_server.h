#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dialect.h"
#include "http.h"

namespace fastintent::serve {

/// Sends the answer to one request. May be called from any thread, once.
using Respond = std::function<void(HttpResponse response)>;

/// A request whose body is answered while it arrives, line by line. Its functions are called on the
/// I/O thread, one at a time.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual bool wants_more() const = 0;  ///< false: the session does not read for now
  virtual void add(std::string_view bytes) = 0;
  virtual void end() = 0;            ///< after the last add()
  virtual std::string output() = 0;  ///< what is to be sent next; empty when nothing is ready
  virtual bool is_done() const = 0;  ///< after end(), when all output was taken
};

/// What answers the requests of an HttpServer. Its functions are called on the I/O thread and throw
/// nothing.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  /// How a request is answered whose header was read: at most one member is set, else by answer()
  /// when its body is there.
  struct Beginning {
    std::unique_ptr<BodyStream> stream = {};   ///< answers while the body arrives, with 200
    std::optional<HttpResponse> refusal = {};  ///< is sent without reading the body
    std::string_view content_type = {};        ///< of the stream
  };
  /// `head` has no body. `on_progress` may be called from any thread when the stream has output or
  /// wants more; it does nothing once the stream is destroyed.
  virtual Beginning begin(const HttpRequest& head, std::function<void()> on_progress) = 0;
  /// Answers a whole request by one call of `respond`, at once or later. The session destroys the
  /// returned object when the client has left, which cancels the request.
  virtual std::shared_ptr<void> answer(HttpRequest request, Respond respond) = 0;
  /// The answer to a request that the session refuses. `head` may be incomplete.
  virtual HttpResponse refuse(const HttpRequest& head, Failure failure, std::string message) = 0;
};

/// Where and how an HttpServer listens.
struct HttpSettings {
  std::string address = "127.0.0.1";  ///< empty: no TCP
  uint16_t port = 8080;               ///< 0: any that is free
  std::string unix_path = {};         ///< of a socket with mode 0660; empty: none
  int inherited_socket = -1;          ///< that listens already; replaces the two above
  std::string tls_certificate = {};   ///< PEM file with the chain; empty: no TLS
  std::string tls_key = {};           ///< PEM file
  Limits limits = {};
};

/// An HTTP/1.1 server on one thread, by Boost.Beast. It refuses what could be read in two ways, such
/// as two lengths of a body (RFC 9112, 6.3), and closes the connection after it.
class HttpServer {
 public:
  /// Listens from now on. Throws cannot_create when the place is in use or not allowed,
  /// missing_input or invalid_data for the files of TLS.
  HttpServer(RequestHandler& handler, const HttpSettings& settings);
  ~HttpServer();

  /// Serves on the calling thread until close_after() has ended the last connection.
  void run();

  /// Runs `task` on the I/O thread. From any thread.
  void post(std::function<void()> task);
  /// Runs `task` on the I/O thread at every `period`, until close_after().
  void every(std::chrono::milliseconds period, std::function<void()> task);
  /// Runs `task` on the I/O thread once, unless the last connection has ended before.
  void after(std::chrono::milliseconds delay, std::function<void()> task);
  /// Calls `task` with SIGTERM, SIGINT or SIGHUP on the I/O thread.
  void on_signal(std::function<void(int signal)> task);

  // On the I/O thread, or before run():
  /// Ends connections after their next answer, and accepts none from `delay` on. Connections that
  /// then stay idle for a moment are ended.
  void close_after(std::chrono::milliseconds delay);
  void abort();  ///< ends all connections
  void
  reload_tls();  ///< reads the files of TLS again, for new connections; throws as the constructor

  /// Where clients find it: "http://127.0.0.1:8080", "unix:/run/fastintent.sock".
  std::string url() const;
  int64_t connections() const;  ///< that are open; from any thread

  class State;  ///< for http_server.cpp alone

 private:
  std::shared_ptr<State> state_;
};

}  // namespace fastintent::serve
