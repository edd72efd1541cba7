#include "check.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

constexpr size_t kMostAnswerBytes = 16 << 10;  // only the first line of the answer is read

// Why the server cannot be asked, for the answer of find_unreadiness().
struct Unreachable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(std::string_view operation, int reason) {
  // A receive or send time-out is EAGAIN, that of a connection EINPROGRESS.
  const std::string found = reason == EAGAIN || reason == EINPROGRESS
                                ? "no answer in time"
                                : std::generic_category().message(reason);
  throw Unreachable(fmt::format("expected to {}, found: {}", operation, found));
}

struct Place {
  bool has_tls = false;
  std::string host;
  std::string port;
  std::string unix_path;
};

Place parse_place(const std::string& url) {
  const auto refuse = [&url] {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("serve --check: expected http://HOST[:PORT], https://HOST[:PORT] or "
                            "unix:FILE, found {}",
                            printable(url)));
  };
  if (url.starts_with("unix:/")) {
    return {.host = "localhost", .port = "", .unix_path = url.substr(5)};
  }
  const bool has_tls = url.starts_with("https://");
  if (!has_tls && !url.starts_with("http://")) {
    refuse();
  }
  std::string authority = url.substr(has_tls ? 8 : 7);
  if (authority.ends_with('/')) {
    authority.pop_back();
  }
  const size_t bracket = authority.find(']');  // of an IPv6 address
  const size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  Place place = {
      .has_tls = has_tls,
      .host = authority.substr(0, colon),
      .port = colon == std::string::npos ? (has_tls ? "443" : "80") : authority.substr(colon + 1),
      .unix_path = ""};
  if (place.host.starts_with('[') && place.host.ends_with(']')) {
    place.host = place.host.substr(1, place.host.size() - 2);
  }
  if (place.host.empty() || place.port.empty() ||
      place.port.find_first_not_of("0123456789") != std::string::npos) {
    refuse();
  }
  return place;
}

FileDescriptor open_socket(int family, std::chrono::milliseconds patience) {
  FileDescriptor descriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!descriptor.valid()) {
    fail("open a socket", errno);
  }
  const auto milliseconds = patience.count();
  const timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  setsockopt(descriptor.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(descriptor.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return descriptor;
}

FileDescriptor connect_to_unix(const std::string& path, std::chrono::milliseconds patience) {
  sockaddr_un target = {};
  if (path.size() >= sizeof(target.sun_path)) {
    fail("connect", ENAMETOOLONG);
  }
  target.sun_family = AF_UNIX;
  std::memcpy(target.sun_path, path.data(), path.size());
  FileDescriptor descriptor = open_socket(AF_UNIX, patience);
  if (connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) {
    fail("connect", errno);
  }
  return descriptor;
}

FileDescriptor connect_to_host(const Place& place, std::chrono::milliseconds patience) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
  if (failure != 0) {
    throw Unreachable(
        fmt::format("expected the address of a host, found: {}", gai_strerror(failure)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int reason = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    FileDescriptor descriptor = open_socket(address->ai_family, patience);
    if (connect(descriptor.get(), address->ai_addr, address->ai_addrlen) == 0) {
      return descriptor;
    }
    reason = errno;
  }
  fail("connect", reason);
}

std::string exchange_plainly(int descriptor, const std::string& request) {
  if (send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    fail("send a request", errno);
  }
  std::string answer;
  char buffer[1024];
  while (answer.find('\n') == std::string::npos && answer.size() < kMostAnswerBytes) {
    const ssize_t count = recv(descriptor, buffer, sizeof(buffer), 0);
    if (count < 0) {
      fail("receive an answer", errno);
    }
    if (count == 0) {
      break;
    }
    answer.append(buffer, static_cast<size_t>(count));
  }
  return answer;
}

std::string exchange_by_tls(int descriptor, const std::string& host, const std::string& request) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
  SSL_set_tlsext_host_name(tls.get(), host.c_str());
  if (SSL_set_fd(tls.get(), descriptor) != 1 || SSL_connect(tls.get()) != 1 ||
      SSL_write(tls.get(), request.data(), static_cast<int>(request.size())) <= 0) {
    throw Unreachable("expected a TLS connection, found none");
  }
  std::string answer;
  char buffer[1024];
  while (answer.find('\n') == std::string::npos && answer.size() < kMostAnswerBytes) {
    const int count = SSL_read(tls.get(), buffer, sizeof(buffer));
    if (count <= 0) {
      break;
    }
    answer.append(buffer, static_cast<size_t>(count));
  }
  return answer;
}

std::string ask(const Place& place, std::chrono::milliseconds patience) {
  const FileDescriptor descriptor = place.unix_path.empty()
                                        ? connect_to_host(place, patience)
                                        : connect_to_unix(place.unix_path, patience);
  const std::string request = fmt::format(
      "GET /health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
      place.host.find(':') == std::string::npos ? place.host : fmt::format("[{}]", place.host));
  return place.has_tls ? exchange_by_tls(descriptor.get(), place.host, request)
                       : exchange_plainly(descriptor.get(), request);
}

}  // namespace

std::optional<std::string> find_unreadiness(const std::string& url,
                                            std::chrono::milliseconds patience) {
  const Place place = parse_place(url);
  try {
    const std::string answer = ask(place, patience);
    const std::string_view line = std::string_view(answer).substr(0, answer.find_first_of("\r\n"));
    if (line.starts_with("HTTP/1.1 200 ")) {
      return std::nullopt;
    }
    return fmt::format("expected HTTP/1.1 200 for /health, found {}",
                       line.empty() ? "no answer" : printable(line));
  } catch (const Unreachable& reason) {
    return reason.what();
  }
}

}  // namespace fastintent::serve
