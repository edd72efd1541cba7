#include "systemd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

constexpr int kFirstInheritedDescriptor = 3;  // SD_LISTEN_FDS_START

// The variable's value, which is removed: it was meant for this process alone.
std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string copy = value == nullptr ? "" : value;
  unsetenv(name);
  return copy;
}

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

bool is_listening_stream(int descriptor) {
  int type = 0;
  int listens = 0;
  socklen_t size = sizeof(int);
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
         getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

// A line's end would begin another assignment.
std::string one_line(std::string_view status) {
  std::string line(status);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

// Connected to the address in NOTIFY_SOCKET; -1 without one that this process can reach.
int connect_to_manager(const std::string& address) {
  sockaddr_un target = {};
  // "@" begins a name in the abstract namespace; systemd's other kinds (vsock) are of virtual machines.
  if (address.size() < 2 || address.size() >= sizeof(target.sun_path) ||
      (address[0] != '/' && address[0] != '@')) {
    return -1;
  }
  target.sun_family = AF_UNIX;
  std::memcpy(target.sun_path, address.data(), address.size());
  if (address[0] == '@') {
    target.sun_path[0] = '\0';
  }
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval patience = {.tv_sec = 1, .tv_usec = 0};  // the I/O thread waits no longer
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  if (descriptor >= 0 &&
      connect(descriptor, reinterpret_cast<const sockaddr*>(&target), size) != 0) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

}  // namespace

int take_inherited_socket() {
  const std::string owner = take_variable("LISTEN_PID");
  const std::string count = take_variable("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  if (count.empty() || number_of(owner) != getpid()) {
    return -1;
  }
  if (count != "1" || !is_listening_stream(kFirstInheritedDescriptor)) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("serve: expected one listening stream socket from the service manager, "
                            "found LISTEN_FDS={}{}; keep one ListenStream= in the .socket unit",
                            printable(count),
                            count == "1" ? " with a descriptor of another kind" : ""));
  }
  fcntl(kFirstInheritedDescriptor, F_SETFD, FD_CLOEXEC);
  return kFirstInheritedDescriptor;
}

ServiceManager::ServiceManager() : socket_(connect_to_manager(take_variable("NOTIFY_SOCKET"))) {
  const std::optional<int64_t> microseconds = number_of(take_variable("WATCHDOG_USEC"));
  const std::string owner = take_variable("WATCHDOG_PID");
  const bool is_ours = owner.empty() || number_of(owner) == getpid();
  if (socket_ >= 0 && is_ours && microseconds.value_or(0) > 0) {
    watchdog_period_ = std::max(std::chrono::milliseconds(1),
                                std::chrono::floor<std::chrono::milliseconds>(
                                    std::chrono::microseconds(*microseconds) / 2));
  }
}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void ServiceManager::reloading() const {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  // The manager takes READY=1 of before this time as the answer to an earlier reload.
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

void ServiceManager::stopping(std::string_view status) const {
  send(fmt::format("STOPPING=1\nSTATUS={}", one_line(status)));
}

void ServiceManager::alive() const {
  send("WATCHDOG=1", MSG_DONTWAIT);  // the next one will do
}

void ServiceManager::send(std::string_view message, int flags) const {
  if (socket_ >= 0) {
    [[maybe_unused]] const ssize_t sent =
        ::send(socket_, message.data(), message.size(), flags | MSG_NOSIGNAL);
  }
}

}  // namespace fastintent::serve
