#include "process_bound.h"

#include <fmt/format.h>
#include <pthread.h>

#include "fastintent/error.h"

namespace fastintent::python {
namespace {

// Changed only in a forked child, while it has one thread.
int64_t forks = 0;
[[maybe_unused]] const int kRegistered = pthread_atfork(nullptr, nullptr, [] { ++forks; });

}  // namespace

int64_t fork_count() {
  return forks;
}

void throw_forked(const char* thing) {
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{0}: expected one made in this process, found one made before fork(), "
                          "whose threads stayed behind; make it in each process, or start "
                          "processes with \"spawn\"",
                          thing));
}

}  // namespace fastintent::python
