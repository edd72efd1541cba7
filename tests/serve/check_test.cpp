#include "check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent::serve {
namespace {

constexpr std::chrono::seconds kPatience(60);  // no test waits for it

// Gives one client a fixed answer and keeps its request.
class OneAnswer {
 public:
  OneAnswer(FileDescriptor listening, std::string answer)
      : listening_(std::move(listening)), answer_(std::move(answer)) {
    EXPECT_EQ(listen(listening_.get(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() { thread_.join(); }

  std::string request() {
    thread_.join();
    thread_ = std::thread([] {});
    return request_;
  }

 private:
  void serve() {
    const FileDescriptor client(accept(listening_.get(), nullptr, nullptr));
    char buffer[1024];
    while (request_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(client.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) {
        return;
      }
      request_.append(buffer, static_cast<size_t>(count));
    }
    EXPECT_EQ(send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer_.size()));
  }

  FileDescriptor listening_;
  std::string answer_;
  std::string request_;
  std::thread thread_;
};

// Bound to a port that is free, which `url` names.
FileDescriptor bound_socket(std::string& url) {
  FileDescriptor descriptor(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  return descriptor;
}

TEST(CheckTest, FindsAReadyServer) {
  std::string url;
  OneAnswer server(bound_socket(url), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(find_unreadiness(url + "/", kPatience), std::nullopt);
  EXPECT_EQ(server.request(),
            "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
}

TEST(CheckTest, FindsAReadyServerOnAUnixSocket) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("fastintent_check_test" + std::to_string(getpid()));
  FileDescriptor listening(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  {
    const OneAnswer server(std::move(listening), "HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(find_unreadiness("unix:" + path, kPatience), std::nullopt);
  }
  std::filesystem::remove(path);
}

TEST(CheckTest, ShowsWhatANotReadyServerAnswers) {
  std::string url;
  const OneAnswer server(bound_socket(url), "HTTP/1.1 503 Service\x1b Unavailable\r\n\r\n{}");
  EXPECT_EQ(find_unreadiness(url, kPatience),
            "expected HTTP/1.1 200 for /health, found HTTP/1.1 503 Service\\x1b Unavailable");
}

TEST(CheckTest, FindsAServerThatClosesWithoutAnAnswer) {
  std::string url;
  const OneAnswer server(bound_socket(url), "");
  EXPECT_EQ(find_unreadiness(url, kPatience), "expected HTTP/1.1 200 for /health, found no answer");
}

TEST(CheckTest, ReportsWhatDoesNotSpeakTls) {
  std::string url;
  const FileDescriptor listening = bound_socket(url);
  ASSERT_EQ(listen(listening.get(), 1), 0);
  url.replace(0, 4, "https");
  std::thread server([&] {
    const FileDescriptor client(accept(listening.get(), nullptr, nullptr));
    EXPECT_GT(send(client.get(), "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL), 0);
    char buffer[1024];  // the client's greeting: closing with unread bytes would be a reset
    EXPECT_GT(recv(client.get(), buffer, sizeof(buffer), 0), 0);
  });
  EXPECT_EQ(find_unreadiness(url, kPatience), "expected a TLS connection, found none");
  server.join();
}

TEST(CheckTest, ReportsThatNobodyListens) {
  std::string url;
  const FileDescriptor bound = bound_socket(url);  // does not listen
  EXPECT_EQ(find_unreadiness(url, kPatience), "expected to connect, found: Connection refused");
  EXPECT_EQ(find_unreadiness("unix:/none/that/exists", kPatience),
            "expected to connect, found: No such file or directory");
}

TEST(CheckTest, WaitsNoLongerThanItsPatience) {
  std::string url;
  const FileDescriptor listening = bound_socket(url);
  ASSERT_EQ(listen(listening.get(), 1), 0);  // connects, but nobody answers
  EXPECT_EQ(find_unreadiness(url, std::chrono::milliseconds(20)),
            "expected to receive an answer, found: no answer in time");
}

TEST(CheckTest, RefusesWhatIsNoUrl) {
  for (const char* url : {"",
                          "localhost:8080",
                          "ftp://host",
                          "http://",
                          "http://:80",
                          "http://h:",
                          "http://a b",
                          "unix:relative",
                          "https://h:8o"}) {
    EXPECT_THROW(find_unreadiness(url, kPatience), Error) << url;
  }
}

}  // namespace
}  // namespace fastintent::serve
