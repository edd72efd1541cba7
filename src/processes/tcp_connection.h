#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/file_descriptor.h"

namespace fastintent {

/// How long a call may wait for another process.
struct Waiting {
  std::chrono::steady_clock::time_point until;
  std::function<bool()> should_stop;  ///< asked ten times a second; empty: never
};

/// A TCP connection to another process. One thread at a time. What waits throws interrupted when
/// `should_stop` says so.
class TcpConnection {
 public:
  /// Tries until something answers there; none when nothing does in time. Throws io_error when the
  /// name of the address is unknown.
  static std::optional<TcpConnection> connect(const std::string& address,
                                              int port,
                                              const Waiting& waiting);

  /// False when the other side has gone, or does not take or give all of it in time.
  bool send(std::span<const std::byte> bytes, const Waiting& waiting);
  bool receive(std::span<std::byte> bytes, const Waiting& waiting);

 private:
  friend class TcpListener;
  explicit TcpConnection(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
};

/// Waits for connections until it goes. At 127.0.0.1, ::1 or localhost it is reached from this
/// machine alone; any other address stands for every network of the machine, as it need not be one
/// that the machine itself knows.
class TcpListener {
 public:
  /// `port` 0: any that is free. Throws io_error when the port is taken.
  TcpListener(const std::string& address, int port);

  int port() const;
  /// The next connection; none when there is none in time.
  std::optional<TcpConnection> accept(const Waiting& waiting);

 private:
  FileDescriptor socket_;
};

}  // namespace fastintent
