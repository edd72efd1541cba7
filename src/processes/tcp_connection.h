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
  std::function<bool()> should_stop;  ///< called ten times per second; empty: never stops
};

/// A TCP connection to another process. One thread at a time. Waiting functions throw interrupted
/// when `should_stop` returns true.
class TcpConnection {
 public:
  /// Tries until a process answers at the address; returns nullopt when none does in time. Throws
  /// io_error when the name of the address is unknown.
  static std::optional<TcpConnection> connect(const std::string& address,
                                              int port,
                                              const Waiting& waiting);

  /// Return false when the other side has disconnected, or does not accept or send all bytes in
  /// time.
  bool send(std::span<const std::byte> bytes, const Waiting& waiting);
  bool receive(std::span<std::byte> bytes, const Waiting& waiting);

 private:
  friend class TcpListener;
  explicit TcpConnection(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
};

/// Listens for connections until destroyed. With 127.0.0.1, ::1 or localhost it is reachable only
/// from this machine. Any other address means every network of the machine, because the address
/// need not be one that the machine itself knows.
class TcpListener {
 public:
  /// `port` 0: any free port. Throws io_error when the port is in use.
  TcpListener(const std::string& address, int port);

  int port() const;
  /// Returns the next connection; nullopt when none arrives in time.
  std::optional<TcpConnection> accept(const Waiting& waiting);

 private:
  FileDescriptor socket_;
};

}  // namespace fastintent
