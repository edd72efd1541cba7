#include "serve_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "fastintent/error.h"

namespace fastintent::cli {
namespace {

std::string serve_program() {
  std::error_code no_proc;  // as in a bare chroot: PATH decides
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", no_proc);
  return (here.parent_path() / "fastintent-serve").string();
}

}  // namespace

bool has_serve_program() {
  return access(serve_program().c_str(), X_OK) == 0;
}

void run_serve_program(const std::vector<std::string>& arguments) {
  const std::string program = serve_program();
  std::vector<const char*> argv = {program.c_str()};
  for (const std::string& argument : arguments) {
    argv.push_back(argument.c_str());
  }
  argv.push_back(nullptr);
  std::signal(SIGXFSZ, SIG_DFL);  // an ignored signal stays ignored over exec
  std::signal(SIGPIPE, SIG_DFL);
  execvp(program.c_str(), const_cast<char* const*>(argv.data()));
  const int reason = errno;
  if (reason == ENOENT) {
    throw Error(
        ErrorCode::missing_input,
        fmt::format("serve: expected the server's program, found no {}; install the package "
                    "fastintent whole, or build it with FASTINTENT_SERVE=ON",
                    program));
  }
  throw Error(ErrorCode::out_of_resources,
              fmt::format("serve: expected to start {}, found: {}",
                          program,
                          std::generic_category().message(reason)));
}

}  // namespace fastintent::cli
