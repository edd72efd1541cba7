// Processes of this host, connected by TCP: process 0 receives the values of all, sums them in the
// order of ranks and sends the sums back.

#include "cuda/collective.h"

#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

#include "emulated_device.h"
#include "processes/tcp_connection.h"

namespace fastintent::cuda {
namespace {

constexpr const char* kAddress = "127.0.0.1";

// Far longer than a step takes under a sanitizer: only a process that hangs reaches it.
Waiting patience() {
  return {std::chrono::steady_clock::now() + std::chrono::minutes(5), {}};
}

// Groups that this process has named, by their port, until its Collective uses them.
std::map<int, TcpListener>& named_groups() {
  static std::map<int, TcpListener> groups;
  return groups;
}

void require(bool good) {
  if (!good) {
    throw std::runtime_error("collective: expected the other processes, found one gone");
  }
}

}  // namespace

struct Collective::Group {
  std::vector<std::optional<TcpConnection>> others;  // by rank, in process 0
  std::optional<TcpConnection> first;                // in the others

  template <class Value>
  void sum(std::span<Value> values) {
    const std::span<std::byte> bytes = std::as_writable_bytes(values);
    if (first) {
      require(first->send(bytes, patience()) && first->receive(bytes, patience()));
      return;
    }
    std::vector<Value> part(values.size());
    for (size_t rank = 1; rank < others.size(); ++rank) {
      require(others[rank]->receive(std::as_writable_bytes(std::span(part)), patience()));
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] += part[i];
      }
    }
    for (size_t rank = 1; rank < others.size(); ++rank) {
      require(others[rank]->send(bytes, patience()));
    }
  }

  template <class Value>
  void enqueue_sum(const Stream& stream, std::span<Value> values) {
    emulation::require_device_memory(values.data());
    emulation::enqueue(stream, [=, this] { sum(values); });
  }
};

void require_collective() {}

GroupId create_group_id() {
  TcpListener listener(kAddress, 0);
  const int port = listener.port();
  named_groups().emplace(port, std::move(listener));
  GroupId id{};
  std::memcpy(id.data(), &port, sizeof port);
  return id;
}

Collective::Collective(int /*device*/, const GroupId& id, int rank, int size)
    : group_(std::make_unique<Group>()) {
  int port = 0;
  std::memcpy(&port, id.data(), sizeof port);
  if (rank > 0) {
    group_->first = TcpConnection::connect(kAddress, port, patience());
    require(group_->first && group_->first->send(std::as_bytes(std::span(&rank, 1)), patience()));
    return;
  }
  TcpListener listener = std::move(named_groups().extract(port).mapped());
  group_->others.resize(static_cast<size_t>(size));
  for (int i = 1; i < size; ++i) {
    std::optional<TcpConnection> peer = listener.accept();
    for (const Waiting waiting = patience(); !peer; peer = listener.accept()) {
      require(std::chrono::steady_clock::now() < waiting.until);
      listener.wait({}, std::chrono::milliseconds(100));
    }
    int peer_rank = 0;
    require(peer->receive(std::as_writable_bytes(std::span(&peer_rank, 1)), patience()));
    group_->others.at(static_cast<size_t>(peer_rank)) = std::move(peer);
  }
}

Collective::~Collective() = default;

void Collective::sum(const Stream& stream, std::span<float> values) const {
  group_->enqueue_sum(stream, values);
}

void Collective::sum(const Stream& stream, std::span<double> values) const {
  group_->enqueue_sum(stream, values);
}

void Collective::wait(const Stream& stream) const {
  stream.synchronize();
}

}  // namespace fastintent::cuda
