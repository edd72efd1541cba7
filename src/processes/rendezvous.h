#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "processes/launched_process.h"

namespace fastintent {

/// What processes that meet agree on, and how long they wait for each other.
struct Rendezvous {
  std::string purpose;  ///< the same in all, else none may go on
  /// As long as PyTorch waits: a machine may still be fetching what another has.
  std::chrono::milliseconds patience = std::chrono::minutes(10);
  std::function<bool()> should_stop;  ///< asked while waiting; may be empty
};

/// Gives `message` of process 0 to all others, over TCP, once all are there. Process 0 listens no
/// longer than until then, and sends away who is not one of them. `message` has the same size in
/// all.
///
/// Throws io_error when they do not all come in time, one of them goes away or the port is taken,
/// invalid_argument when they have come for different purposes, interrupted when `should_stop`
/// says so.
void meet(const LaunchedProcess& process,
          const Rendezvous& rendezvous,
          std::span<std::byte> message);

}  // namespace fastintent
