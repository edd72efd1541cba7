#include "processes/launched_process.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "fastintent/error.h"
#include "processes/tcp_connection.h"

namespace fastintent {
namespace {

// The environment variables in which a launcher passes its numbers.
struct Launcher {
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;  // processes on this machine; may be absent
};

constexpr std::array kLaunchers = {
    Launcher{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    Launcher{"OMPI_COMM_WORLD_RANK",
             "OMPI_COMM_WORLD_SIZE",
             "OMPI_COMM_WORLD_LOCAL_RANK",
             "OMPI_COMM_WORLD_LOCAL_SIZE"},
    Launcher{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"}};

constexpr int kMostProcesses = 65536;  // more GPUs than one training uses
constexpr int kDefaultPort = 29500;    // torchrun's
constexpr const char* kSecret = "FASTINTENT_LAUNCH_SECRET";
// Who records a meeting can try secrets without asking again: 16 random characters are too many.
constexpr size_t kLeastSecret = 16;
constexpr const char* kThisMachine = "127.0.0.1";

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int number(const char* name, int least, int most) {
  const std::string_view text = variable(name);
  int value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec == std::errc() && read.ptr == end && value >= least && value <= most) {
    return value;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("launch: {}: expected a whole number from {} to {}, found {}",
                          name,
                          least,
                          most,
                          text.empty() ? "none" : text));
}

std::string meeting_address(const LaunchedProcess& process, const Launcher& launcher) {
  const bool all_here = !variable(launcher.local_size).empty() &&
                        number(launcher.local_size, 1, process.size) == process.size;
  if (all_here) {
    return kThisMachine;  // whatever name the machine has: nobody else must reach it
  }
  if (const std::string_view given = variable("MASTER_ADDR"); !given.empty()) {
    return std::string(given);
  }
  // On the first machine, the local rank of a process equals its rank.
  if (process.rank == process.local_rank) {
    return kThisMachine;
  }
  throw Error(ErrorCode::invalid_argument,
              "launch: MASTER_ADDR: expected the address of process 0, as the processes are on "
              "several machines, found none");
}

// Of the launch, from whoever started it.
std::string shared_secret(const std::string& address) {
  std::string secret(variable(kSecret));
  if (secret.empty() && is_own_machine(address)) {
    return secret;
  }
  if (secret.size() >= kLeastSecret) {
    return secret;
  }
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format("launch: {}: expected a secret of {} characters or more, the same for all "
                  "processes{}, found {}; `openssl rand -hex 32` prints one",
                  kSecret,
                  kLeastSecret,
                  secret.empty() ? ", as they are on several machines" : "",
                  secret.empty() ? "none" : std::to_string(secret.size())));
}

}  // namespace

LaunchedProcess launched_process() {
  LaunchedProcess process;
  for (const Launcher& launcher : kLaunchers) {
    if (variable(launcher.rank).empty() && variable(launcher.size).empty()) {
      continue;
    }
    const int size = number(launcher.size, 1, kMostProcesses);
    if (size == 1) {
      break;
    }
    process.size = size;
    process.rank = number(launcher.rank, 0, size - 1);
    process.local_rank = number(launcher.local_rank, 0, process.rank);
    process.address = meeting_address(process, launcher);
    process.secret = shared_secret(process.address);
    // torchrun itself listens on MASTER_PORT.
    const bool chosen = !variable("MASTER_PORT").empty();
    process.port = (chosen ? number("MASTER_PORT", 1, 65534) : kDefaultPort) + 1;
    break;
  }
  return process;
}

}  // namespace fastintent
