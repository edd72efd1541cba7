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

/// Whether only processes of this machine can connect to `address`: 127.0.0.1, ::1 or localhost.
bool is_own_machine(const std::string& address);

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

  /// Receives what is there, without waiting: the number of bytes, which may be 0; nullopt when the
  /// other side has disconnected.
  std::optional<size_t> receive_some(std::span<std::byte> bytes);

 private:
  friend class TcpListener;
  explicit TcpConnection(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
};

/// Listens for connections until destroyed, on no more networks than `address` needs: with an
/// address of this machine it is reachable by that one alone. Where the name of the machine leads to
/// itself only (127.0.1.1), or the address is that of a router in front of it, on every network.
class TcpListener {
 public:
  /// `port` 0: any free port. Throws io_error when the port is in use.
  TcpListener(const std::string& address, int port);

  int port() const;
  /// Returns the next connection that is there, without waiting; nullopt when there is none. Throws
  /// out_of_resources when the process can have no more open files.
  std::optional<TcpConnection> accept();
  /// Waits until there is a connection to accept, one of `connections` has received something or was
  /// closed, or `longest` has passed.
  void wait(std::span<const TcpConnection* const> connections,
            std::chrono::milliseconds longest) const;

 private:
  FileDescriptor socket_;
};

/// Throws interrupted when `waiting` should stop.
void check_stop(const Waiting& waiting);

}  // namespace fastintent
