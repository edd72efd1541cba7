#include "processes/rendezvous.h"

#include <gtest/gtest.h>

#include <array>
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

LaunchedProcess process_of(int rank, int size, int port) {
  return {rank, size, rank, kHere, port};
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

TEST(Rendezvous, SendsStrangersAway) {
  const int port = free_port();
  Processes processes;
  processes.start([=] { expect_met(process_of(0, 2, port)); });
  // A client that sends something else, and one that disconnects.
  auto stranger = TcpConnection::connect(kHere, port, long_enough());
  const std::vector<std::byte> other_words(100, std::byte{'x'});
  ASSERT_TRUE(stranger && stranger->send(other_words, long_enough()));
  std::byte answer{};
  EXPECT_FALSE(stranger->receive(std::span(&answer, 1), long_enough())) << "no word for strangers";
  ASSERT_TRUE(TcpConnection::connect(kHere, port, long_enough()));
  processes.start([=] { expect_met(process_of(1, 2, port)); });
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

// Process 0 and another that does not match it: both must end, with an error.
void expect_refused(const std::string& part, const LaunchedProcess& other, const char* purpose) {
  Processes processes;
  processes.start([&] {
    expect_not_met(
        process_of(0, 2, other.port), rendezvous_of(), ErrorCode::invalid_argument, part);
  });
  processes.start([&] {
    expect_not_met(
        other, rendezvous_of(purpose), ErrorCode::invalid_argument, "refused (process 0 says why)");
  });
}

TEST(Rendezvous, RefusesWhoComesForSomethingElse) {
  expect_refused("found process 1 with other settings", process_of(1, 2, free_port()), "translate");
  expect_refused("found process 1 as one of 3", process_of(1, 3, free_port()), "train");
  expect_refused("found process 2 twice", process_of(2, 2, free_port()), "train");
}

TEST(Rendezvous, RefusesTheSameProcessTwice) {
  const int port = free_port();
  Processes processes;
  processes.start([=] {
    expect_not_met(process_of(0, 3, port),
                   rendezvous_of(),
                   ErrorCode::invalid_argument,
                   "found process 1 twice");
  });
  // The second to arrive is refused, and the first finds process 0 gone.
  for (int i = 0; i < 2; ++i) {
    processes.start([=] {
      Message message{};
      EXPECT_THROW(meet(process_of(1, 3, port), rendezvous_of(), message), Error);
    });
  }
}

TEST(Rendezvous, TellsAPortThatIsTaken) {
  const TcpListener other(kHere, 0);
  expect_not_met(process_of(0, 2, other.port()),
                 rendezvous_of(),
                 ErrorCode::io_error,
                 "expected port " + std::to_string(other.port()) + " to be free");
}

TEST(Rendezvous, TellsAnAddressThatIsNone) {
  LaunchedProcess process = process_of(1, 2, 1);
  process.address = "no such machine";
  expect_not_met(process, rendezvous_of(), ErrorCode::io_error, "found no such machine");
}

}  // namespace
}  // namespace fastintent
