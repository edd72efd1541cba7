// A program that has no memory left ends with its exit code, also where the exception for that reaches
// code that lets none pass: a static object of CLI11, or a library beneath.
#include "out_of_memory.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>

#include "exit_codes.h"
#include "messages.h"

namespace fastintent::cli {
namespace {

std::terminate_handler report_and_abort = nullptr;  // the standard library's

// Whether the exception that ends the program is one of missing memory, or could not be thrown for
// want of it.
bool ends_for_memory() {
  const std::exception_ptr thrown = std::current_exception();
  if (thrown == nullptr) {
    void* volatile memory = std::malloc(1);  // volatile: compilers assume that it is not null
    const bool none = memory == nullptr;
    std::free(memory);
    return none;
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
    return false;
  }
}

[[noreturn]] void end_program() {
  if (ends_for_memory()) {
    _exit(report_out_of_memory());
  }
  report_and_abort();
  std::abort();
}

struct EndsProgram {
  EndsProgram() { report_and_abort = std::set_terminate(end_program); }
};
// Before all other static objects.
[[gnu::init_priority(101)]] const EndsProgram ends_program;

}  // namespace

int report_out_of_memory() {
  print_message("fastintent: out of memory");
  return kOutOfResources;
}

}  // namespace fastintent::cli
