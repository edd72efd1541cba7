#include "blocking_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

constexpr size_t kMostAnswerBytes = 16 << 10;  // only the first line of the answer is read

[[noreturn]] void fail(std::string_view operation, int reason) {
  // A receive or send time-out is EAGAIN, that of a connection EINPROGRESS.
  const std::string found = reason == EAGAIN || reason == EINPROGRESS
                                ? "no answer in time"
                                : std::generic_category().message(reason);
  throw NoAnswer(fmt::format("expected to {}, found: {}", operation, found));
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

FileDescriptor connect_to_host(const ServerPlace& place, std::chrono::milliseconds patience) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
  if (failure != 0) {
    throw NoAnswer(fmt::format("expected the address of a host, found: {}", gai_strerror(failure)));
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
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t count =
        send(descriptor, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (count < 0) {
      fail("send a request", errno);
    }
    sent += static_cast<size_t>(count);
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
    throw NoAnswer("expected a TLS connection, found none");
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

}  // namespace

ServerPlace parse_server_place(const std::string& url, const std::string& operation) {
  const auto refuse = [&] {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{}: expected http://HOST[:PORT], https://HOST[:PORT] or unix:FILE, "
                            "found {}",
                            operation,
                            printable(url)));
  };
  if (url.starts_with("unix:/")) {
    return {.host = "localhost", .port = "", .unix_path = url.substr(5), .path = "/"};
  }
  const bool has_tls = url.starts_with("https://");
  if (!has_tls && !url.starts_with("http://")) {
    refuse();
  }
  const std::string rest = url.substr(has_tls ? 8 : 7);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string authority = rest.substr(0, slash);
  const size_t bracket = authority.find(']');  // of an IPv6 address
  const size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  ServerPlace place = {
      .has_tls = has_tls,
      .host = authority.substr(0, colon),
      .port = colon == std::string::npos ? (has_tls ? "443" : "80") : authority.substr(colon + 1),
      .unix_path = "",
      .path = slash < rest.size() ? rest.substr(slash) : "/"};
  if (place.host.starts_with('[') && place.host.ends_with(']')) {
    place.host = place.host.substr(1, place.host.size() - 2);
  }
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };  // nothing that ends a header
  if (place.host.empty() || place.port.empty() ||
      place.port.find_first_not_of("0123456789") != std::string::npos ||
      !std::ranges::all_of(url, is_plain)) {
    refuse();
  }
  return place;
}

std::string ask_server(const ServerPlace& place,
                       const std::string& line,
                       const std::string& headers_and_body,
                       std::chrono::milliseconds patience) {
  const FileDescriptor descriptor = place.unix_path.empty()
                                        ? connect_to_host(place, patience)
                                        : connect_to_unix(place.unix_path, patience);
  const std::string request = fmt::format(
      "{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}",
      line,
      place.host.find(':') == std::string::npos ? place.host : fmt::format("[{}]", place.host),
      headers_and_body);
  const std::string answer = place.has_tls ? exchange_by_tls(descriptor.get(), place.host, request)
                                           : exchange_plainly(descriptor.get(), request);
  return answer.substr(0, answer.find_first_of("\r\n"));
}

}  // namespace fastintent::serve
