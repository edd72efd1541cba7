// Sockets never block: waiting functions poll in short intervals, so that they can be stopped.

#include "processes/tcp_connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSlice{100};

struct FreeAddresses {
  void operator()(addrinfo* first) const { ::freeaddrinfo(first); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// `address` null: any network of this machine, for listening.
Addresses resolve(const char* address, int port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(address, std::to_string(port).c_str(), &wanted, &found);
  if (status != 0) {
    throw Error(ErrorCode::io_error,
                fmt::format("connect: expected the address of a machine, found {} ({})",
                            address == nullptr ? "none" : address,
                            ::gai_strerror(status)));
  }
  return Addresses(found);
}

FileDescriptor open_socket(const addrinfo& address) {
  FileDescriptor socket(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  // Messages are small and are answered, so delaying them (Nagle's algorithm) gains nothing.
  const int on = 1;
  if (socket.valid()) {
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return socket;
}

// Returns false on timeout. An error of the socket is reported by the next call on it.
bool wait_for(const FileDescriptor& socket, short events, const Waiting& waiting) {
  for (;;) {
    check_stop(waiting);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(waiting.until - Clock::now());
    if (left.count() <= 0) {
      return false;
    }
    pollfd asked{socket.get(), events, 0};
    const int ready = ::poll(&asked, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (ready > 0) {
      return true;
    }
    if (ready < 0 && errno != EINTR) {
      return false;
    }
  }
}

// Result of a non-blocking connect().
bool is_connected(const FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    return false;
  }
  // While no process listens, the system may assign a port of the ephemeral range to this same
  // socket, which is then connected to itself.
  sockaddr_storage own{};
  sockaddr_storage other{};
  socklen_t own_size = sizeof own;
  socklen_t other_size = sizeof other;
  return ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
         ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&other), &other_size) == 0 &&
         (own_size != other_size || std::memcmp(&own, &other, own_size) != 0);
}

bool try_connect(const FileDescriptor& socket, const addrinfo& address, const Waiting& waiting) {
  if (!socket.valid()) {
    return false;
  }
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 &&
      (errno != EINPROGRESS || !wait_for(socket, POLLOUT, waiting))) {
    return false;
  }
  return is_connected(socket);
}

// Whether a call that returned `count` may be repeated when the socket is ready.
bool is_not_ready(ssize_t count) {
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

// Whether only this machine reaches the address.
bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
  return address.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

// A listening socket; invalid, with errno, when there can be none.
FileDescriptor try_listen(const addrinfo& address) {
  FileDescriptor socket = open_socket(address);
  const int on = 1;  // allows listening immediately after an earlier run
  if (socket.valid() && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
      ::listen(socket.get(), SOMAXCONN) == 0) {
    return socket;
  }
  return FileDescriptor(-1);
}

FileDescriptor listen_at(const std::string& address, int port) {
  int error = EADDRNOTAVAIL;
  const auto try_all = [&](const char* name) {
    const Addresses all = resolve(name, port);
    for (const addrinfo* each = all.get(); each != nullptr; each = each->ai_next) {
      // Debian gives a machine's own name an address that no other machine reaches.
      if (name != nullptr && is_loopback(*each->ai_addr) && !is_own_machine(address)) {
        continue;
      }
      if (FileDescriptor socket = try_listen(*each); socket.valid()) {
        return socket;
      }
      error = errno;
    }
    return FileDescriptor(-1);
  };
  FileDescriptor socket = try_all(address.c_str());
  if (!socket.valid() && error == EADDRNOTAVAIL) {
    socket = try_all(nullptr);
  }
  if (socket.valid()) {
    return socket;
  }
  throw Error(ErrorCode::io_error,
              fmt::format("listen: expected port {} to be free, found: {} ({})",
                          port,
                          std::system_category().message(error),
                          address));
}

}  // namespace

bool is_own_machine(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::optional<TcpConnection> TcpConnection::connect(const std::string& address,
                                                    int port,
                                                    const Waiting& waiting) {
  const Addresses all = resolve(address.c_str(), port);
  for (;;) {
    for (const addrinfo* each = all.get(); each != nullptr; each = each->ai_next) {
      FileDescriptor socket = open_socket(*each);
      if (try_connect(socket, *each, waiting)) {
        return TcpConnection(std::move(socket));
      }
    }
    check_stop(waiting);
    if (Clock::now() + kSlice >= waiting.until) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kSlice);
  }
}

bool TcpConnection::send(std::span<const std::byte> bytes, const Waiting& waiting) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<size_t>(count));
    } else if (!is_not_ready(count) || !wait_for(socket_, POLLOUT, waiting)) {
      return false;
    }
  }
  return true;
}

bool TcpConnection::receive(std::span<std::byte> bytes, const Waiting& waiting) {
  while (!bytes.empty()) {
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<size_t>(count));
    } else if (!is_not_ready(count) || !wait_for(socket_, POLLIN, waiting)) {
      return false;
    }
  }
  return true;
}

std::optional<size_t> TcpConnection::receive_some(std::span<std::byte> bytes) {
  const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (is_not_ready(count)) {
    return 0;
  }
  return count > 0 ? std::optional(static_cast<size_t>(count)) : std::nullopt;
}

TcpListener::TcpListener(const std::string& address, int port)
    : socket_(listen_at(address, port)) {}

int TcpListener::port() const {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size);
  const in_port_t port = own.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6*>(&own)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&own)->sin_port;
  return ntohs(port);
}

std::optional<TcpConnection> TcpListener::accept() {
  FileDescriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    return TcpConnection(std::move(socket));
  }
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    throw Error(
        ErrorCode::out_of_resources,
        fmt::format("accept: expected room for a connection, found: {}", last_system_error()));
  }
  return std::nullopt;  // none, or one that has gone
}

void TcpListener::wait(std::span<const TcpConnection* const> connections,
                       std::chrono::milliseconds longest) const {
  std::vector<pollfd> all = {{socket_.get(), POLLIN, 0}};
  for (const TcpConnection* connection : connections) {
    all.push_back({connection->socket_.get(), POLLIN, 0});
  }
  ::poll(all.data(), all.size(), static_cast<int>(longest.count()));
}

void check_stop(const Waiting& waiting) {
  if (!waiting.should_stop || !waiting.should_stop()) {
    return;
  }
  throw Error(ErrorCode::interrupted, "connect: stopped while waiting for another process");
}

}  // namespace fastintent
