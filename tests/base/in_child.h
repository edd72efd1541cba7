#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

namespace fastintent {

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
