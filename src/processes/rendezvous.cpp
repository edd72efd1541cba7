// A process connects and sends a Greeting. When all have connected, process 0 stops listening and
// sends kWelcome and the message to each. A process with another purpose receives kRefused.

#include "processes/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/fingerprint.h"
#include "fastintent/error.h"
#include "processes/tcp_connection.h"

namespace fastintent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array<char, 16> kMagic = {
    'f', 'a', 's', 't', 'i', 'n', 't', 'e', 'n', 't', '.', '1'};
constexpr std::byte kWelcome{'w'};
constexpr std::byte kRefused{'r'};
// Our processes send immediately; an unrelated client that sends nothing would delay the others.
constexpr std::chrono::seconds kGreetingPatience{5};

struct Greeting {
  std::array<char, 16> magic = kMagic;
  int32_t rank = 0;
  int32_t size = 0;
  std::array<char, 16> purpose{};  // its fingerprint
};

Greeting greeting_of(const LaunchedProcess& process, const Rendezvous& rendezvous) {
  Greeting greeting;
  greeting.rank = process.rank;
  greeting.size = process.size;
  Fingerprint print;
  print.add(rendezvous.purpose);
  std::ranges::copy(print.text(), greeting.purpose.begin());
  return greeting;
}

template <class Value>
std::span<std::byte> bytes_of(Value& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

[[noreturn]] void fail(ErrorCode code, const std::string& expected, const std::string& found) {
  throw Error(code, fmt::format("join processes: expected {}, found {}", expected, found));
}

std::string place_of(const LaunchedProcess& process) {
  return fmt::format("{}:{}", process.address, process.port);
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

using Others = std::vector<std::optional<TcpConnection>>;  // by rank

// Returns the reason to refuse a connected process; empty when there is none.
std::string objection(const Greeting& other, const Greeting& own, const Others& others) {
  if (other.size != own.size) {
    return fmt::format("process {} as one of {}", other.rank, other.size);
  }
  if (other.rank < 1 || other.rank >= own.size || others[static_cast<size_t>(other.rank)]) {
    return fmt::format("process {} twice", other.rank);
  }
  if (other.purpose != own.purpose) {
    return fmt::format("process {} with other settings, data or state of an interrupted run",
                       other.rank);
  }
  return {};
}

Others wait_for_others(const LaunchedProcess& process,
                       const Rendezvous& rendezvous,
                       const Waiting& waiting) {
  const Greeting own = greeting_of(process, rendezvous);
  TcpListener listener(process.address, process.port);
  Others others(static_cast<size_t>(process.size));
  for (int found = 1; found < process.size;) {
    std::optional<TcpConnection> peer = listener.accept(waiting);
    if (!peer) {
      fail(ErrorCode::io_error,
           fmt::format("{} processes at {} within {}",
                       process.size,
                       place_of(process),
                       seconds(rendezvous.patience)),
           std::to_string(found));
    }
    Waiting briefly = waiting;
    briefly.until = std::min(waiting.until, Clock::now() + kGreetingPatience);
    Greeting other;
    if (!peer->receive(bytes_of(other), briefly) || other.magic != kMagic) {
      continue;  // an unrelated client
    }
    if (const std::string wrong = objection(other, own, others); !wrong.empty()) {
      peer->send(std::span(&kRefused, 1), briefly);
      fail(ErrorCode::invalid_argument,
           fmt::format("{} processes that do the same", process.size),
           wrong);
    }
    others[static_cast<size_t>(other.rank)] = std::move(peer);
    ++found;
  }
  return others;
}

void hand_out(const LaunchedProcess& process,
              const Rendezvous& rendezvous,
              const Waiting& waiting,
              std::span<const std::byte> message) {
  Others others = wait_for_others(process, rendezvous, waiting);
  for (size_t rank = 1; rank < others.size(); ++rank) {
    if (others[rank]->send(std::span(&kWelcome, 1), waiting) &&
        others[rank]->send(message, waiting)) {
      continue;
    }
    fail(ErrorCode::io_error, fmt::format("process {} to stay", rank), "that it has gone");
  }
}

void take(const LaunchedProcess& process,
          const Rendezvous& rendezvous,
          const Waiting& waiting,
          std::span<std::byte> message) {
  std::optional<TcpConnection> first =
      TcpConnection::connect(process.address, process.port, waiting);
  if (!first) {
    fail(ErrorCode::io_error,
         fmt::format("process 0 at {} within {}", place_of(process), seconds(rendezvous.patience)),
         "nobody");
  }
  Greeting greeting = greeting_of(process, rendezvous);
  std::byte answer{};
  if (first->send(bytes_of(greeting), waiting) && first->receive(bytes_of(answer), waiting)) {
    if (answer == kRefused) {
      fail(ErrorCode::invalid_argument,
           fmt::format("{} processes that do the same", process.size),
           fmt::format("process {} refused (process 0 says why)", process.rank));
    }
    if (answer == kWelcome && first->receive(message, waiting)) {
      return;
    }
  }
  fail(ErrorCode::io_error,
       fmt::format("an answer of process 0 at {}", place_of(process)),
       "that it has gone, or is another program");
}

}  // namespace

void meet(const LaunchedProcess& process,
          const Rendezvous& rendezvous,
          std::span<std::byte> message) {
  const Waiting waiting{Clock::now() + rendezvous.patience, rendezvous.should_stop};
  if (process.rank == 0) {
    hand_out(process, rendezvous, waiting, message);
  } else {
    take(process, rendezvous, waiting, message);
  }
}

}  // namespace fastintent
