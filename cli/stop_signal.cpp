#include "stop_signal.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace fastintent::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

// A handler can use only globals; both are lock-free, as a handler needs.
std::atomic<bool> stop_requested{false};
std::atomic<const char*> stop_notice{nullptr};

void remember(int /*signal*/) {
  const int saved = errno;
  stop_requested = true;
  const char* notice = stop_notice;
  // A notice that cannot be written is ignored.
  [[maybe_unused]] const ssize_t count = write(STDERR_FILENO, notice, std::strlen(notice));
  signal(SIGINT, SIG_DFL);  // the next one of either kind ends the program
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_IGN);  // a terminal that is lost may send several
  errno = saved;
}

}  // namespace

StopSignal::StopSignal(const char* notice) {
  stop_requested = false;
  stop_notice = notice;
  struct sigaction action{};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // reads and writes in progress continue
  for (const int each : kSignals) {
    struct sigaction old{};
    sigaction(each, nullptr, &old);
    if (old.sa_handler != SIG_IGN) {
      sigaction(each, &action, nullptr);
    }
  }
}

StopSignal::~StopSignal() {
  for (const int each : kSignals) {
    struct sigaction old{};
    sigaction(each, nullptr, &old);
    if (old.sa_handler == remember) {
      signal(each, SIG_DFL);
    }
  }
}

bool StopSignal::requested() const {
  return stop_requested;
}

}  // namespace fastintent::cli
