#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "base/address_sanitizer.h"

namespace fastintent {

/// Whether a child may hang that was made while other threads of the parent allocated memory: the
/// address sanitizer's allocator does not hold its locks over fork() before LLVM 18
/// (llvm/llvm-project#75290), which is in GCC 15, so that its child may find them locked for ever.
constexpr bool kAllocatorMayHangInChild =
#if defined(FASTINTENT_ADDRESS_SANITIZER) && defined(__clang_major__)
    __clang_major__ < 18;
#elif defined(FASTINTENT_ADDRESS_SANITIZER)
    __GNUC__ < 15;
#else
    false;
#endif

/// The reason of a test that is skipped for it.
constexpr const char* kAllocatorHangs = "this address sanitizer's allocator may hang in the child";

/// Runs `work` in a child made by fork() and returns what it returns, "hangs" when it takes more than
/// a minute, or what it throws. Such tests have not the label `threads`: the thread sanitizer ends a
/// child that starts threads.
inline std::string in_child(const std::function<std::string()>& work) {
  int ends[2] = {};
  if (::pipe(ends) != 0) {
    return "no pipe";
  }
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr unsigned kPatience = 60;  // a thousand times what the slowest needs
    ::alarm(kPatience);
    std::string said;
    try {
      said = work();
    } catch (const std::exception& error) {
      said = error.what();
    }
    const ssize_t written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    return WTERMSIG(status) == SIGALRM ? "hangs" : "signal " + std::to_string(WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 0 ? said : "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace fastintent
