#include "gil.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace fastintent::python {
namespace {

// The thread that ends the interpreter, which still runs Python code then; none while it lives.
std::atomic<std::thread::id> ending;

// Calls of the library that run without the GIL.
std::atomic<int> calls{0};

// Those of this thread: a callback may make another one.
thread_local int own_calls = 0;

// All calls poll for Ctrl-C within this, but those that read one file.
constexpr std::chrono::seconds kPatience{10};

// Other threads have lost the GIL for ever when this runs, but what they need to wait for it is not
// freed yet.
void end_calls(void* /*capsule*/) noexcept {
  ending = std::this_thread::get_id();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (calls > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

void watch_interpreter(nb::module_& m) {
  m.attr("_end") = nb::capsule(&ending, &end_calls);  // destroyed with the module
}

void stay_if_interpreter_ended() {
  const std::thread::id thread = ending;
  if (thread != std::thread::id() && thread != std::this_thread::get_id()) {
    stay_for_end_of_process();
  }
}

void stay_for_end_of_process() {
  calls -= own_calls;
  for (;;) {
    ::pause();
  }
}

WithoutGil::WithoutGil() : state_(PyEval_SaveThread()) {
  ++own_calls;
  ++calls;
}

WithoutGil::~WithoutGil() {
  stay_if_interpreter_ended();
  calling_python([this] { PyEval_RestoreThread(state_); });
  --own_calls;
  --calls;
}

}  // namespace fastintent::python
