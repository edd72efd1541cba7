#include <condition_variable>
#include <mutex>

// GCC 12's library has a second version of std::condition_variable::wait, which does the same. The
// module and the program use nothing else that is so new, so they are linked against the first
// version and run on systems with the library of GCC 11 (the option --wrap in CMakeLists.txt).
asm(".symver fastintent_first_wait, "
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");

extern "C" {

void fastintent_first_wait(std::condition_variable* condition, std::unique_lock<std::mutex>* lock);

// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(
    std::condition_variable* condition, std::unique_lock<std::mutex>* lock) {
  fastintent_first_wait(condition, lock);
}

}  // extern "C"
