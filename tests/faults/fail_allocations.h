#pragma once

#include <cstddef>

// What fail_allocations.cpp offers to the process that it is loaded into. With C names, so that Python
// finds them, too.
extern "C" {

/// From now on, makes the `at`-th allocation of the process fail, or all from it on; 0: none. Counts
/// anew. An allocation is memory of malloc and its relatives, of operator new and of mmap, and a new
/// thread. `spared`: parts of the names of libraries, separated by spaces, inside which none fails;
/// may be null.
void fail_allocations(long at, bool from_then_on, const char* spared);

/// Makes Python a process in which only this project's part fails: what a thread with the GIL allocates
/// is Python's or nanobind's, and the interpreter uses malloc, calloc and realloc.
void spare_python();

/// Allocations since the last fail_allocations.
long allocations_counted();

/// Whether one has failed since the last fail_allocations.
bool an_allocation_failed();
}
