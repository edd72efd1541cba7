#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "processes/launched_process.h"

namespace fastintent {

/// What the processes must agree on, and how long they wait for each other.
struct Rendezvous {
  std::string purpose;  ///< must be the same in all, else none continues
  /// PyTorch's timeout: a machine may still be downloading data that another already has.
  std::chrono::milliseconds patience = std::chrono::minutes(10);
  std::function<bool()> should_stop;  ///< called while waiting; may be empty
};

/// Sends `message` of process 0 to all others, over TCP, after all have connected. Process 0 stops
/// listening then. `message` has the same size in all. With a secret, both sides prove that they
/// know it, without sending it; `message` itself is not encrypted.
///
/// Nothing that a stranger sends, keeps back or repeats ends process 0 or keeps the others from it.
/// Without a secret, a process that does not match is sent away like a stranger, with the reason,
/// since a stranger could say the same.
///
/// Throws io_error when not all connect in time, one of them disconnects or the port is in use,
/// invalid_argument when their purposes differ, interrupted when `should_stop` returns true.
void meet(const LaunchedProcess& process,
          const Rendezvous& rendezvous,
          std::span<std::byte> message);

}  // namespace fastintent
