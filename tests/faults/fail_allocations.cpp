// A library that takes the place of the allocating functions and lets one of them fail, or all from one
// on. Programs link it, or are started with it in LD_PRELOAD and these variables:
//   FAULTS_ALLOCATION        the number of the allocation that fails, from 1
//   FAULTS_FROM_THEN_ON      set: all that follow fail, too
//   FAULTS_SPARED            libraries inside which none fails
//   FAULTS_COUNT             a file that gets the number of allocations when the process ends
// What libraries allocate before the program begins does not count: nothing could report a failure.
#include "fail_allocations.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

// glibc's own, which call none of the functions below.
extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);
extern "C" void* __libc_memalign(size_t, size_t);

namespace {

std::atomic<long> counted{0};
std::atomic<long> fail_at{0};
std::atomic<bool> all_that_follow{false};
std::atomic<bool> failed{false};
std::atomic<bool> counting{false};
std::atomic<bool> python_is_spared{false};
thread_local bool looking = false;  // the search for spared libraries may allocate

// Fixed, since nothing here may allocate.
std::array<char, 256> spared_names;

void spare(const char* names) {
  spared_names.fill('\0');  // the names end with two zeros
  if (names == nullptr) {
    return;
  }
  std::strncpy(spared_names.data(), names, spared_names.size() - 2);
  for (char& c : spared_names) {
    c = c == ' ' ? '\0' : c;
  }
}

struct Callers {
  std::array<void*, 64> frames;
  int depth = 0;

  bool are_within(uintptr_t begin, uintptr_t end) const {
    return std::any_of(frames.begin(), frames.begin() + depth, [&](const void* frame) {
      const auto address = reinterpret_cast<uintptr_t>(frame);
      return address >= begin && address < end;
    });
  }
};

bool is_spared(const char* library) {
  for (const char* name = spared_names.data(); *name != '\0'; name += std::strlen(name) + 1) {
    if (std::strstr(library, name) != nullptr) {
      return true;
    }
  }
  return false;
}

// Whether a caller is in this library and it is spared; 1 ends the search.
int spares(dl_phdr_info* library, size_t /*size*/, void* callers) {
  if (!is_spared(library->dlpi_name)) {
    return 0;
  }
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& segment = library->dlpi_phdr[i];
    const uintptr_t begin = library->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD &&
        static_cast<Callers*>(callers)->are_within(begin, begin + segment.p_memsz)) {
      return 1;
    }
  }
  return 0;
}

// Looks at the libraries that are loaded now: oneDNN is loaded when training begins.
bool within_spared_library() {
  if (spared_names.front() == '\0') {
    return false;
  }
  Callers callers;
  callers.depth = backtrace(callers.frames.data(), static_cast<int>(callers.frames.size()));
  return dl_iterate_phdr(spares, &callers) != 0;
}

bool holds_gil() {
  static const auto check = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "PyGILState_Check"));
  return check != nullptr && check() != 0;
}

// Counts an allocation; whether it fails.
bool fails() {
  if (looking || !counting || (python_is_spared && holds_gil())) {
    return false;
  }
  const long number = counted.fetch_add(1) + 1;
  const long at = fail_at;
  if (at == 0 || number < at || (number > at && !all_that_follow)) {
    return false;
  }
  looking = true;
  const bool spared = within_spared_library();
  looking = false;
  if (spared) {
    return false;
  }
  failed = true;
  errno = ENOMEM;
  return true;
}

void* allocate_or_throw(size_t size, size_t alignment = 0) {
  if (!fails()) {
    void* memory = alignment == 0 ? __libc_malloc(size) : __libc_memalign(alignment, size);
    if (memory != nullptr) {
      return memory;
    }
  }
  throw std::bad_alloc();
}

// A function of another library, of which the one here has taken the place.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

__attribute__((destructor)) void end() {
  const char* file = std::getenv("FAULTS_COUNT");
  const int descriptor =
      file == nullptr ? -1 : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor >= 0) {
    dprintf(descriptor, "%ld\n", counted.load());
    close(descriptor);
  }
}

}  // namespace

extern "C" {

void fail_allocations(long at, bool from_then_on, const char* spared) {
  fail_at = 0;
  looking = true;
  std::array<void*, 1> frame;
  backtrace(frame.data(), 1);  // loads what it needs now
  spare(spared);
  looking = false;
  counting = true;
  counted = 0;
  failed = false;
  all_that_follow = from_then_on;
  fail_at = at;
}

void spare_python() {
  holds_gil();  // looks for its function now
  python_is_spared = true;
}

long allocations_counted() {
  return counted;
}

bool an_allocation_failed() {
  return failed;
}

void* malloc(size_t size) noexcept {
  return !python_is_spared && fails() ? nullptr : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) noexcept {
  return !python_is_spared && fails() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) noexcept {
  return !python_is_spared && fails() ? nullptr : __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) noexcept {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) noexcept {
  *memory = fails() ? nullptr : __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) noexcept {
  static const auto real = next<void*(void*, size_t, int, int, int, off_t)>("mmap");
  return fails() ? MAP_FAILED : real(address, size, protection, flags, file, offset);
}

// The beginning of a program, after its libraries.
int __libc_start_main(int (*program)(int, char**, char**),
                      int count,
                      char** arguments,
                      void (*before)(),
                      void (*after)(),
                      void (*loader)(),
                      void* stack) {
  if (const char* at = std::getenv("FAULTS_ALLOCATION"); at != nullptr) {
    fail_allocations(
        std::atol(at), std::getenv("FAULTS_FROM_THEN_ON") != nullptr, std::getenv("FAULTS_SPARED"));
  }
  const auto real = next<int(
      int (*)(int, char**, char**), int, char**, void (*)(), void (*)(), void (*)(), void*)>(
      "__libc_start_main");
  return real(program, count, arguments, before, after, loader, stack);
}

int pthread_create(pthread_t* thread,
                   const pthread_attr_t* attributes,
                   void* (*work)(void*),
                   void* argument) noexcept {
  static const auto real =
      next<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  return fails() ? EAGAIN : real(thread, attributes, work, argument);
}
}

void* operator new(size_t size) {
  return allocate_or_throw(size);
}
void* operator new[](size_t size) {
  return allocate_or_throw(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
