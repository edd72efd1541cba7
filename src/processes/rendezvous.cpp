// Process 0 sends a nonce to whoever connects, and is sent a Greeting. When all processes have
// greeted, it stops listening and sends kWelcome, the message and its own proof to each. A process
// with another purpose receives kRefused and the reason. Whoever sends anything else is a stranger:
// it costs one of a few places for a few seconds, and ends nothing.

#include "processes/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "base/fingerprint.h"
#include "fastintent/error.h"
#include "processes/launch_secret.h"
#include "processes/tcp_connection.h"

namespace fastintent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array<char, 16> kMagic = {
    'f', 'a', 's', 't', 'i', 'n', 't', 'e', 'n', 't', '.', '2'};
constexpr std::byte kWelcome{'w'};
constexpr std::byte kRefused{'r'};
// Our processes greet immediately; others hold their place no longer than this.
constexpr std::chrono::seconds kGreetingPatience{5};
// Open connections that have not greeted yet. One more closes the oldest: ours greet in milliseconds.
constexpr size_t kMostStrangers = 64;
constexpr milliseconds kSlice{100};  // how soon a request to stop is noticed

// What a process says about itself.
struct Introduction {
  std::array<char, 16> magic = kMagic;
  int32_t rank = 0;
  int32_t size = 0;
  std::array<char, 16> purpose{};  // its fingerprint
  Nonce nonce{};
};

// Sent in the bytes of memory: all processes run the same program.
struct Greeting {
  Introduction introduction;
  Proof proof{};
};

enum class Reason : uint8_t { none, other_size, twice, other_purpose };

template <class Value>
std::span<const std::byte> bytes_of(const Value& value) {
  return std::as_bytes(std::span(&value, 1));
}
template <class Value>
std::span<std::byte> room_of(Value& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

// The two sides prove different things, so that neither can send the other's proof back.
constexpr std::byte kOfOthers{'o'};
constexpr std::byte kOfFirst{'f'};

Proof proof_of(const LaunchedProcess& process, const Nonce& asked, const Introduction& answer) {
  return prove(process.secret, {bytes_of(kOfOthers), bytes_of(asked), bytes_of(answer)});
}
Proof proof_of_first(const LaunchedProcess& process,
                     const Nonce& asked,
                     std::span<const std::byte> message) {
  return prove(process.secret, {bytes_of(kOfFirst), bytes_of(asked), message});
}

Introduction introduction_of(const LaunchedProcess& process, const Rendezvous& rendezvous) {
  Introduction introduction;
  introduction.rank = process.rank;
  introduction.size = process.size;
  Fingerprint print;
  print.add(rendezvous.purpose);
  std::ranges::copy(print.text(), introduction.purpose.begin());
  introduction.nonce = draw_nonce();
  return introduction;
}

[[noreturn]] void fail(ErrorCode code, const std::string& expected, const std::string& found) {
  throw Error(code, fmt::format("join processes: expected {}, found {}", expected, found));
}

std::string place_of(const LaunchedProcess& process) {
  return fmt::format("{}:{}", process.address, process.port);
}

std::string seconds(milliseconds time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

std::string description(Reason reason, int rank, int size) {
  switch (reason) {
    case Reason::other_size:
      return fmt::format("process {} as one of {}", rank, size);
    case Reason::twice:
      return fmt::format("process {} twice", rank);
    default:
      return fmt::format("process {} with other settings, data or state of an interrupted run",
                         rank);
  }
}

// Process 0 while it waits for the others.
class Reception {
 public:
  Reception(const LaunchedProcess& process, const Rendezvous& rendezvous, const Waiting& waiting)
      : process_(process),
        rendezvous_(rendezvous),
        waiting_(waiting),
        own_(introduction_of(process, rendezvous)),
        listener_(process.address, process.port) {}

  // Waits until all have greeted, stops listening and sends `message` to all.
  void hand_out(std::span<const std::byte> message) && {
    while (greeted_ + 1 < process_.size) {
      check_stop(waiting_);
      if (Clock::now() >= waiting_.until) {
        fail(ErrorCode::io_error,
             fmt::format("{} processes at {} within {}",
                         process_.size,
                         place_of(process_),
                         seconds(rendezvous_.patience)),
             fmt::format("{}{}", greeted_ + 1, refused_));
      }
      wait();
      listen_to_guests();
      accept_guests();
    }
    const TcpListener closed = std::move(listener_);
    for (Guest& guest : guests_) {
      if (guest.rank > 0) {
        send(guest, message);
      }
    }
  }

 private:
  // Whoever has connected.
  struct Guest {
    TcpConnection connection;
    Clock::time_point until;  // for the greeting
    Nonce asked = draw_nonce();
    Greeting greeting{};
    size_t received = 0;  // bytes of the greeting
    int rank = 0;         // once it is one of ours
  };

  void wait() const {
    std::vector<const TcpConnection*> connections;
    connections.reserve(guests_.size());
    for (const Guest& guest : guests_) {
      connections.push_back(&guest.connection);
    }
    listener_.wait(connections, kSlice);
  }

  void accept_guests() {
    // As many as wait now: a flood of them must not keep this from those who are there.
    for (size_t i = 0; i < kMostStrangers; ++i) {
      std::optional<TcpConnection> connection = accept();
      if (!connection) {
        return;
      }
      if (guests_.size() - static_cast<size_t>(greeted_) == kMostStrangers) {
        drop_oldest_stranger();
      }
      Guest& guest =
          guests_.emplace_back(Guest{std::move(*connection), Clock::now() + kGreetingPatience});
      // A new connection has room for 32 bytes.
      if (!guest.connection.send(bytes_of(guest.asked), {Clock::now(), {}})) {
        guests_.pop_back();
      }
    }
  }

  std::optional<TcpConnection> accept() {
    try {
      return listener_.accept();
    } catch (const Error&) {
      if (!drop_oldest_stranger()) {
        throw;
      }
      return listener_.accept();
    }
  }

  bool drop_oldest_stranger() {
    const auto oldest = std::ranges::find(guests_, 0, &Guest::rank);
    if (oldest == guests_.end()) {
      return false;
    }
    guests_.erase(oldest);
    return true;
  }

  void listen_to_guests() {
    for (auto guest = guests_.begin(); guest != guests_.end();) {
      if (stays(*guest)) {
        ++guest;
        continue;
      }
      greeted_ -= guest->rank > 0 ? 1 : 0;
      guest = guests_.erase(guest);
    }
  }

  // Reads what the guest has sent; returns whether it may stay.
  bool stays(Guest& guest) {
    std::byte more{};  // ours send nothing after the greeting
    const std::span<std::byte> room =
        guest.rank > 0 ? room_of(more) : room_of(guest.greeting).subspan(guest.received);
    const std::optional<size_t> count = guest.connection.receive_some(room);
    if (guest.rank > 0) {
      return count == size_t{0};
    }
    if (!count || Clock::now() >= guest.until) {
      return false;
    }
    guest.received += *count;
    return guest.received < sizeof(Greeting) || admit(guest);
  }

  // Returns whether the guest, whose greeting is complete, is one of ours.
  bool admit(Guest& guest) {
    const auto& [other, proof] = guest.greeting;
    if (other.magic != kMagic || !same_proof(proof, proof_of(process_, guest.asked, other))) {
      return false;
    }
    const Reason reason = objection(other);
    if (reason == Reason::none) {
      guest.rank = other.rank;
      ++greeted_;
      return true;
    }
    const std::array<std::byte, 2> answer = {kRefused, static_cast<std::byte>(reason)};
    guest.connection.send(answer, {Clock::now(), {}});
    const std::string found = description(reason, other.rank, other.size);
    // Only with a secret it is certain that this is no stranger, and that waiting is in vain.
    if (!process_.secret.empty()) {
      fail(ErrorCode::invalid_argument,
           fmt::format("{} processes that do the same", process_.size),
           found);
    }
    refused_ = fmt::format(", and {}, which was refused", found);
    return false;
  }

  Reason objection(const Introduction& other) const {
    if (other.size != own_.size) {
      return Reason::other_size;
    }
    if (other.rank < 1 || other.rank >= own_.size ||
        std::ranges::find(guests_, other.rank, &Guest::rank) != guests_.end()) {
      return Reason::twice;
    }
    return other.purpose == own_.purpose ? Reason::none : Reason::other_purpose;
  }

  void send(Guest& guest, std::span<const std::byte> message) {
    const Proof proof = proof_of_first(process_, guest.greeting.introduction.nonce, message);
    TcpConnection& connection = guest.connection;
    if (!connection.send(bytes_of(kWelcome), waiting_) || !connection.send(message, waiting_) ||
        !connection.send(bytes_of(proof), waiting_)) {
      fail(ErrorCode::io_error, fmt::format("process {} to stay", guest.rank), "that it has gone");
    }
  }

  const LaunchedProcess& process_;
  const Rendezvous& rendezvous_;
  const Waiting& waiting_;
  const Introduction own_;
  TcpListener listener_;
  std::list<Guest> guests_;  // the oldest first
  int greeted_ = 0;          // of the guests
  std::string refused_;      // the last one, for the message
};

// Any other process.
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
  Nonce asked{};
  Greeting greeting{introduction_of(process, rendezvous), {}};
  std::byte answer{};
  if (first->receive(room_of(asked), waiting)) {
    greeting.proof = proof_of(process, asked, greeting.introduction);
    if (first->send(bytes_of(greeting), waiting)) {
      first->receive(room_of(answer), waiting);
    }
  }
  Reason reason{};
  if (answer == kRefused && first->receive(room_of(reason), waiting)) {
    fail(ErrorCode::invalid_argument,
         fmt::format("{} processes that do the same", process.size),
         "that process 0 refused " + description(reason, process.rank, process.size));
  }
  Proof proof{};
  if (answer == kWelcome && first->receive(message, waiting) &&
      first->receive(room_of(proof), waiting) &&
      same_proof(proof, proof_of_first(process, greeting.introduction.nonce, message))) {
    return;
  }
  fail(ErrorCode::io_error,
       fmt::format("an answer of process 0 at {}", place_of(process)),
       "that it has gone, is another program, or has another FASTINTENT_LAUNCH_SECRET");
}

}  // namespace

void meet(const LaunchedProcess& process,
          const Rendezvous& rendezvous,
          std::span<std::byte> message) {
  const Waiting waiting{Clock::now() + rendezvous.patience, rendezvous.should_stop};
  if (process.rank == 0) {
    Reception(process, rendezvous, waiting).hand_out(message);
  } else {
    take(process, rendezvous, waiting, message);
  }
}

}  // namespace fastintent
