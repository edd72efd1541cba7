#include "processes/rendezvous.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/expect_error.h"
#include "processes/tcp_connection.h"

namespace fastintent {
namespace {

constexpr const char* kHere = "127.0.0.1";
using Message = std::array<std::byte, 128>;

Waiting long_enough() {
  return {std::chrono::steady_clock::now() + std::chrono::minutes(1), {}};
}

int free_port() {
  return TcpListener(kHere, 0).port();
}

LaunchedProcess process_of(int rank, int size, int port, std::string secret = {}) {
  return {rank, size, rank, kHere, port, std::move(secret)};
}

Rendezvous rendezvous_of(std::string purpose = "train") {
  return {std::move(purpose), std::chrono::minutes(1), {}};
}

Message message_of_first() {
  Message message{};
  for (size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<std::byte>(i + 1);
  }
  return message;
}

// Threads in the role of processes; the call of each ends before the test does.
class Processes {
 public:
  ~Processes() {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  template <class Call>
  void start(Call call) {
    threads_.emplace_back(std::move(call));
  }

 private:
  std::vector<std::thread> threads_;
};

void expect_met(const LaunchedProcess& process) {
  Message message = process.rank == 0 ? message_of_first() : Message{};
  EXPECT_NO_THROW(meet(process, rendezvous_of(), message));
  EXPECT_EQ(message, message_of_first()) << "in process " << process.rank;
}

void expect_not_met(const LaunchedProcess& process,
                    const Rendezvous& rendezvous,
                    ErrorCode code,
                    const std::string& part) {
  Message message{};
  expect_error(code, part, [&] { meet(process, rendezvous, message); });
}

TEST(Rendezvous, HandsTheMessageOfTheFirstToAll) {
  const int port = free_port();
  {
    Processes processes;
    for (const int rank : {2, 1, 0}) {
      processes.start([=] { expect_met(process_of(rank, 3, port)); });
    }
  }
  const Waiting at_once{std::chrono::steady_clock::now(), {}};
  EXPECT_FALSE(TcpConnection::connect(kHere, port, at_once)) << "somebody listens still";
}

TcpConnection connect_to(int port) {
  auto connection = TcpConnection::connect(kHere, port, long_enough());
  if (!connection) {
    throw std::runtime_error("nobody listens");
  }
  return std::move(*connection);
}

std::vector<std::byte> words(size_t count) {
  return std::vector<std::byte>(count, std::byte{'x'});
}

// What process 0 sends first to whoever connects.
constexpr size_t kNonceBytes = 32;
constexpr size_t kGreetingBytes = 104;

TEST(Rendezvous, SendsStrangersAway) {
  const int port = free_port();
  Processes processes;
  processes.start([=] { expect_met(process_of(0, 2, port)); });
  // One sends something else, more of it than a greeting, and one disconnects.
  TcpConnection stranger = connect_to(port);
  ASSERT_TRUE(stranger.send(words(10 * kGreetingBytes), long_enough()));
  std::vector<std::byte> answer(kNonceBytes + 1);
  EXPECT_FALSE(stranger.receive(answer, long_enough())) << "more than the nonce";
  connect_to(port);
  processes.start([=] { expect_met(process_of(1, 2, port)); });
}

// Each would cost five seconds if process 0 listened to one at a time; the deadline of the test's
// meeting is shorter than all of them.
TEST(Rendezvous, DoesNotWaitForStrangersThatSayNothing) {
  const int port = free_port();
  Processes processes;
  processes.start([=] { expect_met(process_of(0, 2, port)); });
  std::vector<TcpConnection> strangers;
  for (int i = 0; i < 200; ++i) {
    strangers.push_back(connect_to(port));
    strangers.back().send(words(static_cast<size_t>(i) % kGreetingBytes), long_enough());
  }
  processes.start([=] { expect_met(process_of(1, 2, port)); });
}

TEST(Rendezvous, LetsAProcessConnectAgain) {
  const int port = free_port();
  Processes processes;
  processes.start([=] { expect_met(process_of(0, 3, port)); });
  {
    Rendezvous impatient = rendezvous_of();
    impatient.patience = std::chrono::milliseconds(300);
    expect_not_met(process_of(1, 3, port), impatient, ErrorCode::io_error, "an answer");
  }
  for (const int rank : {1, 2}) {
    processes.start([=] { expect_met(process_of(rank, 3, port)); });
  }
}

TEST(Rendezvous, NeedsTheSecret) {
  const int port = free_port();
  const std::string secret = "shared by the right ones";
  Processes processes;
  processes.start([=] { expect_met(process_of(0, 2, port, secret)); });
  for (const char* other : {"", "another secret than theirs"}) {
    expect_not_met(process_of(1, 2, port, other),
                   rendezvous_of(),
                   ErrorCode::io_error,
                   "has another FASTINTENT_LAUNCH_SECRET");
  }
  processes.start([=] { expect_met(process_of(1, 2, port, secret)); });
}

// Who only repeats what it has heard, in either role, has proved nothing.
TEST(Rendezvous, IsNotDeceivedByAnEcho) {
  const std::string secret = "shared by the right ones";
  const int port = free_port();
  Processes processes;
  {
    TcpListener impostor(kHere, port);
    processes.start([=] {
      expect_not_met(process_of(1, 2, port, secret),
                     rendezvous_of(),
                     ErrorCode::io_error,
                     "is another program");
    });
    std::optional<TcpConnection> deceived;
    while (!(deceived = impostor.accept())) {
      impostor.wait({}, std::chrono::milliseconds(100));
    }
    std::vector<std::byte> greeting(kGreetingBytes);
    ASSERT_TRUE(deceived->send(words(kNonceBytes), long_enough()));
    ASSERT_TRUE(deceived->receive(greeting, long_enough()));
    std::vector<std::byte> answer = {std::byte{'w'}};
    answer.resize(1 + sizeof(Message));
    answer.insert(answer.end(), greeting.end() - 32, greeting.end());  // the proof of the other
    ASSERT_TRUE(deceived->send(answer, long_enough()));
  }
  processes.start([=] { expect_met(process_of(0, 2, port, secret)); });
  TcpConnection replaying = connect_to(port);
  std::vector<std::byte> nonce(kNonceBytes);
  ASSERT_TRUE(replaying.receive(nonce, long_enough()));
  ASSERT_TRUE(replaying.send(words(kGreetingBytes), long_enough()));
  processes.start([=] { expect_met(process_of(1, 2, port, secret)); });
}

TEST(Rendezvous, DoesNotWaitForEver) {
  Rendezvous impatient = rendezvous_of();
  impatient.patience = std::chrono::milliseconds(50);
  const int port = free_port();
  expect_not_met(
      process_of(0, 2, port),
      impatient,
      ErrorCode::io_error,
      "expected 2 processes at 127.0.0.1:" + std::to_string(port) + " within 0.05 s, found 1");
  expect_not_met(
      process_of(1, 2, port),
      impatient,
      ErrorCode::io_error,
      "expected process 0 at 127.0.0.1:" + std::to_string(port) + " within 0.05 s, found nobody");
}

TEST(Rendezvous, CanBeStopped) {
  Rendezvous stopped = rendezvous_of();
  stopped.should_stop = [] { return true; };
  for (const int rank : {0, 1}) {
    expect_not_met(process_of(rank, 2, free_port()), stopped, ErrorCode::interrupted, "stopped");
  }
}

// Process 0 and another that does not match it. With a secret both end, since waiting would be in
// vain; without one process 0 waits for the right one.
void expect_refused(const std::string& part, const LaunchedProcess& other, const char* purpose) {
  for (const char* secret : {"", "shared by the right ones"}) {
    LaunchedProcess wrong = other;
    wrong.secret = secret;
    const LaunchedProcess first = process_of(0, 2, other.port, secret);
    Processes processes;
    processes.start([=] {
      if (first.secret.empty()) {
        expect_met(first);
      } else {
        expect_not_met(first, rendezvous_of(), ErrorCode::invalid_argument, "found " + part);
      }
    });
    expect_not_met(wrong,
                   rendezvous_of(purpose),
                   ErrorCode::invalid_argument,
                   "found that process 0 refused " + part);
    if (first.secret.empty()) {
      processes.start([=] { expect_met(process_of(1, 2, first.port)); });
    }
  }
}

TEST(Rendezvous, RefusesWhoComesForSomethingElse) {
  expect_refused("process 1 with other settings", process_of(1, 2, free_port()), "translate");
  expect_refused("process 1 as one of 3", process_of(1, 3, free_port()), "train");
  expect_refused("process 2 twice", process_of(2, 2, free_port()), "train");
}

TEST(Rendezvous, ReportsWhoWasRefusedWhenTheRightOneDoesNotCome) {
  const int port = free_port();
  Processes processes;
  processes.start([=] {
    Rendezvous impatient = rendezvous_of();
    impatient.patience = std::chrono::seconds(1);
    expect_not_met(process_of(0, 2, port),
                   impatient,
                   ErrorCode::io_error,
                   "found 1, and process 1 with other settings");
  });
  expect_not_met(process_of(1, 2, port),
                 rendezvous_of("translate"),
                 ErrorCode::invalid_argument,
                 "process 0 refused");
}

TEST(Rendezvous, TellsAPortThatIsTaken) {
  const TcpListener other(kHere, 0);
  expect_not_met(process_of(0, 2, other.port()),
                 rendezvous_of(),
                 ErrorCode::io_error,
                 "expected port " + std::to_string(other.port()) + " to be free");
}

// Where the address is that of a network of this machine, other networks do not reach the port.
TEST(TcpListener, ListensAtItsAddressAlone) {
  const TcpListener one("127.0.0.2", 0);
  const Waiting at_once{std::chrono::steady_clock::now(), {}};
  EXPECT_FALSE(TcpConnection::connect("127.0.0.1", one.port(), at_once));
  EXPECT_TRUE(TcpConnection::connect("127.0.0.2", one.port(), long_enough()));
}

// An address of no interface, as a router in front of the machine has (TEST-NET-1 of RFC 5737).
TEST(TcpListener, ListensEverywhereWhereTheAddressIsNotItsOwn) {
  const TcpListener everywhere("192.0.2.1", 0);
  EXPECT_TRUE(TcpConnection::connect("127.0.0.1", everywhere.port(), long_enough()));
}

TEST(Rendezvous, TellsAnAddressThatIsNone) {
  LaunchedProcess process = process_of(1, 2, 1);
  process.address = "no such machine";
  expect_not_met(process, rendezvous_of(), ErrorCode::io_error, "found no such machine");
}

}  // namespace
}  // namespace fastintent
