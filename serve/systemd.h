#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace fastintent::serve {

/// The descriptor of the listening socket that a manager has opened for this process (LISTEN_FDS,
/// sd_listen_fds(3)); -1: none. Child processes do not get it. Throws invalid_argument when there
/// are several, or when it does not listen for connections of a stream.
///
/// Before other threads exist: it changes the environment.
int take_inherited_socket();

/// Messages to the manager that started this process (sd_notify(3)). Does nothing under any other.
/// A message waits for a busy manager for at most a second; alive() does not wait. Safe from many
/// threads.
class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment, as
  /// they are no matter of child processes. Before other threads exist.
  ServiceManager();
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  void ready(std::string_view status) const;     ///< also after a reload
  void reloading() const;                        ///< until ready()
  void stopping(std::string_view status) const;  ///< the manager waits for the end
  /// How often alive() must be called, half of what the manager allows; none: it does not watch.
  std::optional<std::chrono::milliseconds> watchdog_period() const { return watchdog_period_; }
  void alive() const;

 private:
  void send(std::string_view message, int flags = 0) const;

  int socket_ = -1;  // connected to the manager
  std::optional<std::chrono::milliseconds> watchdog_period_;
};

}  // namespace fastintent::serve
