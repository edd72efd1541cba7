#include "demo/shell_script.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "base/file_descriptor.h"
#include "fastintent/error.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

constexpr int kPollMilliseconds = 100;  // how soon Ctrl-C is noticed

// What the child gets from posix_spawn: see run_script().
class ChildSetup {
 public:
  explicit ChildSetup(int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes_);
    // A group of its own, so that one signal reaches the script and the programs that it runs; and
    // the signals that this program ignores or handles mean what they usually do.
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&defaults, signal);
    }
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
  }
  ~ChildSetup() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }
  ChildSetup(const ChildSetup&) = delete;
  ChildSetup& operator=(const ChildSetup&) = delete;

  // Returns the process; throws missing_input and out_of_resources.
  pid_t start(const char* script, const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"bash", "-c", script, "fastintent"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawnp(&child, "bash", &files_, &attributes_, pointers.data(), environ);
    if (error != 0) {
      const bool of_resources = error == ENOMEM || error == EAGAIN;
      throw Error(of_resources ? ErrorCode::out_of_resources : ErrorCode::missing_input,
                  std::string("run script: expected to start bash, found: ") + strerror(error));
    }
    return child;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// Reads until the end of the pipe, or until the user stops the script.
std::string read_output(const FileDescriptor& pipe, pid_t child, const StopSignal& stop) {
  std::string text;
  std::array<char, 4096> block;
  bool ending = false;
  while (true) {
    if (stop.requested() && !std::exchange(ending, true)) {
      kill(-child, SIGTERM);
    }
    pollfd waiting{.fd = pipe.get(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, kPollMilliseconds) <= 0) {
      continue;
    }
    const ssize_t count = read(pipe.get(), block.data(), block.size());
    if (count == 0 || (count < 0 && errno != EINTR)) {
      return text;
    }
    text.append(block.data(), count > 0 ? static_cast<size_t>(count) : 0);
  }
}

}  // namespace

ScriptResult run_script(const char* script,
                        const std::vector<std::string>& arguments,
                        const char* notice) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorCode::io_error,
                std::string("run script: expected a pipe, found: ") + strerror(errno));
  }
  const FileDescriptor from_child(ends[0]);
  const StopSignal stop(notice);
  pid_t child = 0;
  {
    const FileDescriptor to_parent(ends[1]);
    child = ChildSetup(to_parent.get()).start(script, arguments);
  }
  ScriptResult result;
  result.output = read_output(from_child, child, stop);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (stop.requested()) {
    throw Error(ErrorCode::interrupted, "run script: stopped by a signal");
  }
  result.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  while (result.output.ends_with('\n')) {
    result.output.pop_back();
  }
  return result;
}

}  // namespace fastintent::cli
