#include "systemd.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent::serve {
namespace {

// Receives what a service says, as systemd does.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());  // of the abstract namespace
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~Manager() { unsetenv("NOTIFY_SOCKET"); }

  // The next message; empty when there is none.
  std::string message() const {
    char buffer[512];
    const ssize_t count = recv(socket_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
    return count < 0 ? "" : std::string(buffer, static_cast<size_t>(count));
  }

 private:
  FileDescriptor socket_;
};

std::string unique_name(const char* test) {
  return std::string("fastintent_systemd_test_") + test + std::to_string(getpid());
}

TEST(ServiceManagerTest, ReceivesTheStates) {
  const Manager manager(unique_name("states"));
  const ServiceManager service;
  service.ready("1 model\nWATCHDOG=trigger");
  EXPECT_EQ(manager.message(), "READY=1\nSTATUS=1 model WATCHDOG=trigger");
  service.reloading();
  EXPECT_TRUE(manager.message().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  service.alive();
  EXPECT_EQ(manager.message(), "WATCHDOG=1");
  service.stopping("2 requests");
  EXPECT_EQ(manager.message(), "STOPPING=1\nSTATUS=2 requests");
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);  // child processes must not speak for us
}

TEST(ServiceManagerTest, DoesNotWaitForAManagerThatDoesNotRead) {
  const Manager manager(unique_name("full"));
  const ServiceManager service;
  for (int i = 0; i < 10'000; ++i) {  // the kernel keeps some hundred datagrams at most
    service.alive();
  }
  EXPECT_EQ(manager.message(), "WATCHDOG=1");
}

TEST(ServiceManagerTest, DoesNothingWithoutAManager) {
  for (const char* address : {"", "relative", "/none/that/exists", "vsock:2:1"}) {
    setenv("NOTIFY_SOCKET", address, 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    const ServiceManager service;
    service.ready("nobody hears it");
    EXPECT_EQ(service.watchdog_period(), std::nullopt) << address;
  }
}

TEST(ServiceManagerTest, IsAliveTwiceInTheManagersPeriod) {
  struct Case {
    const char* microseconds;
    const char* process;
    std::optional<std::chrono::milliseconds> period;
  };
  const std::string own = std::to_string(getpid());
  const Manager manager(unique_name("watchdog"));
  for (const Case& each : {Case{"30000000", own.c_str(), std::chrono::milliseconds(15'000)},
                           Case{"30000000", "1", std::nullopt},
                           Case{"1", own.c_str(), std::chrono::milliseconds(1)},
                           Case{"0", own.c_str(), std::nullopt},
                           Case{"soon", own.c_str(), std::nullopt}}) {
    setenv("NOTIFY_SOCKET", ("@" + unique_name("watchdog")).c_str(), 1);
    setenv("WATCHDOG_USEC", each.microseconds, 1);
    setenv("WATCHDOG_PID", each.process, 1);
    EXPECT_EQ(ServiceManager().watchdog_period(), each.period) << each.microseconds;
  }
}

// Puts a descriptor where a manager puts the first one, and the former one back.
class FirstDescriptor {
 public:
  explicit FirstDescriptor(int descriptor) : former_(dup(3)) { dup2(descriptor, 3); }
  ~FirstDescriptor() {
    if (former_.valid()) {
      dup2(former_.get(), 3);
    } else {
      close(3);
    }
  }

 private:
  FileDescriptor former_;
};

void announce(const std::string& process, const char* count) {
  setenv("LISTEN_PID", process.c_str(), 1);
  setenv("LISTEN_FDS", count, 1);
}

TEST(InheritedSocketTest, IsTakenFromTheManager) {
  const FileDescriptor listening(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(listen(listening.get(), 1), 0);
  const FirstDescriptor first(listening.get());
  announce(std::to_string(getpid()), "1");
  EXPECT_EQ(take_inherited_socket(), 3);
  EXPECT_EQ(take_inherited_socket(), -1);  // the variables are gone
  announce("1", "1");                      // of another process
  EXPECT_EQ(take_inherited_socket(), -1);
}

TEST(InheritedSocketTest, MustBeOneThatListens) {
  const FileDescriptor silent(socket(AF_INET, SOCK_STREAM, 0));
  const FirstDescriptor first(silent.get());
  announce(std::to_string(getpid()), "1");
  EXPECT_THROW(take_inherited_socket(), Error);
  ASSERT_EQ(listen(3, 1), 0);
  announce(std::to_string(getpid()), "2");
  EXPECT_THROW(take_inherited_socket(), Error);
}

}  // namespace
}  // namespace fastintent::serve
