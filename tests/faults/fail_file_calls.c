// A library for LD_PRELOAD that counts the calls by which a program changes or reads files, and ends the
// process at one of them or lets it fail. Standard streams and files outside FAULTS_UNDER do not count.
//   FAULTS_CALL          the number of the call, from 1
//   FAULTS_MODE          kill, term (the call itself succeeds), enospc, eio, eintr or short
//   FAULTS_FROM_THEN_ON  set: all calls that follow fail, too
//   FAULTS_NO_EXCHANGE   set: the file system cannot exchange two names (renameat2)
//   FAULTS_UNDER         a folder; absolute
//   FAULTS_COUNT         a file that gets the number of calls when the process ends
// Only reads and writes are short or interrupted: a program must try these again, but may give up when
// another call is interrupted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { TRANSFER, OTHER };
enum fault { NONE, FAILS, SHORT };

static atomic_long calls;

static int mode_is(const char* name) {
  const char* mode = getenv("FAULTS_MODE");
  return mode != NULL && strcmp(mode, name) == 0;
}

static enum fault fault_of(enum kind kind) {
  if (mode_is("kill")) {
    kill(getpid(), SIGKILL);
  }
  if (mode_is("term")) {
    kill(getpid(), SIGTERM);
    return NONE;
  }
  if (mode_is("short")) {
    return kind == TRANSFER ? SHORT : NONE;
  }
  if (mode_is("eintr")) {
    errno = EINTR;
    return kind == TRANSFER ? FAILS : NONE;
  }
  errno = mode_is("enospc") ? ENOSPC : EIO;
  return FAILS;
}

// A full disk can be read, and what is on it removed.
static enum fault next_fault(enum kind kind, int needs_room) {
  if (mode_is("enospc") && !needs_room) {
    return NONE;
  }
  const long number = atomic_fetch_add(&calls, 1) + 1;
  const char* text = getenv("FAULTS_CALL");
  const long at = text == NULL ? 0 : atol(text);
  if (at == 0 || number < at || (number > at && getenv("FAULTS_FROM_THEN_ON") == NULL)) {
    return NONE;
  }
  return fault_of(kind);
}

static int path_counts(const char* path) {
  const char* under = getenv("FAULTS_UNDER");
  if (under == NULL) {
    return 1;
  }
  char folder[4096];
  // Programs give relative paths, too, which are in the current folder.
  if (path[0] != '/' && getcwd(folder, sizeof folder) != NULL) {
    return strncmp(folder, under, strlen(under)) == 0;
  }
  return strncmp(path, under, strlen(under)) == 0;
}

static int file_counts(int file) {
  char link[64];
  char path[4096];
  struct stat status;
  if (file <= 2 || fstat(file, &status) != 0 || S_ISSOCK(status.st_mode) ||
      S_ISFIFO(status.st_mode)) {
    return 0;
  }
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) {
    return 0;
  }
  path[size] = '\0';
  return path_counts(path);
}

#define REAL(result, name, ...)       \
  static result (*real)(__VA_ARGS__); \
  if (real == NULL)                   \
  real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define TRANSFER_CALL(file, size, needs_room)   \
  if (file_counts(file)) {                      \
    switch (next_fault(TRANSFER, needs_room)) { \
      case FAILS:                               \
        return -1;                              \
      case SHORT:                               \
        size = size > 1 ? size / 2 : size;      \
        break;                                  \
      case NONE:                                \
        break;                                  \
    }                                           \
  }

ssize_t write(int file, const void* bytes, size_t size) {
  REAL(ssize_t, write, int, const void*, size_t);
  TRANSFER_CALL(file, size, 1)
  return real(file, bytes, size);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t place) {
  REAL(ssize_t, pwrite, int, const void*, size_t, off_t);
  TRANSFER_CALL(file, size, 1)
  return real(file, bytes, size, place);
}
ssize_t writev(int file, const struct iovec* parts, int size) {
  REAL(ssize_t, writev, int, const struct iovec*, int);
  TRANSFER_CALL(file, size, 1)
  return real(file, parts, size);
}
ssize_t read(int file, void* bytes, size_t size) {
  REAL(ssize_t, read, int, void*, size_t);
  TRANSFER_CALL(file, size, 0)
  return real(file, bytes, size);
}
ssize_t pread(int file, void* bytes, size_t size, off_t place) {
  REAL(ssize_t, pread, int, void*, size_t, off_t);
  TRANSFER_CALL(file, size, 0)
  return real(file, bytes, size, place);
}
ssize_t pread64(int file, void* bytes, size_t size, off64_t place) {
  REAL(ssize_t, pread64, int, void*, size_t, off64_t);
  TRANSFER_CALL(file, size, 0)
  return real(file, bytes, size, place);
}
ssize_t sendfile(int out, int in, off_t* place, size_t size) {
  REAL(ssize_t, sendfile, int, int, off_t*, size_t);
  TRANSFER_CALL(out, size, 1)
  return real(out, in, place, size);
}
ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags) {
  REAL(ssize_t, copy_file_range, int, off64_t*, int, off64_t*, size_t, unsigned);
  TRANSFER_CALL(out, size, 1)
  return real(in, from, out, to, size, flags);
}

static int opening_fails(const char* path, int flags) {
  const int writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  return path_counts(path) && next_fault(OTHER, writes) == FAILS;
}
static mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}
#define OPEN(name)                                                    \
  int name(const char* path, int flags, ...) {                        \
    REAL(int, name, const char*, int, ...);                           \
    va_list arguments;                                                \
    va_start(arguments, flags);                                       \
    const mode_t mode = mode_of(flags, arguments);                    \
    va_end(arguments);                                                \
    return opening_fails(path, flags) ? -1 : real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                          \
  int name(int folder, const char* path, int flags, ...) {                    \
    REAL(int, name, int, const char*, int, ...);                              \
    va_list arguments;                                                        \
    va_start(arguments, flags);                                               \
    const mode_t mode = mode_of(flags, arguments);                            \
    va_end(arguments);                                                        \
    return opening_fails(path, flags) ? -1 : real(folder, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

#define BY_FILE(kind, needs_room, name, parameters, file, ...)                                  \
  int name parameters {                                                                         \
    static int(*real) parameters;                                                               \
    if (real == NULL)                                                                           \
      real = (int(*) parameters)dlsym(RTLD_NEXT, #name);                                        \
    return file_counts(file) && next_fault(kind, needs_room) == FAILS ? -1 : real(__VA_ARGS__); \
  }
BY_FILE(OTHER, 1, fsync, (int file), file, file)
BY_FILE(OTHER, 1, fdatasync, (int file), file, file)
BY_FILE(OTHER, 0, ftruncate, (int file, off_t size), file, file, size)
BY_FILE(OTHER, 0, fchmod, (int file, mode_t mode), file, file, mode)
BY_FILE(OTHER, 0, fchown, (int file, uid_t user, gid_t group), file, file, user, group)

#define BY_PATH(needs_room, name, parameters, path, ...)                                         \
  int name parameters {                                                                          \
    static int(*real) parameters;                                                                \
    if (real == NULL)                                                                            \
      real = (int(*) parameters)dlsym(RTLD_NEXT, #name);                                         \
    return path_counts(path) && next_fault(OTHER, needs_room) == FAILS ? -1 : real(__VA_ARGS__); \
  }
BY_PATH(1, rename, (const char* from, const char* to), to, from, to)
BY_PATH(1, renameat, (int in, const char* from, int out, const char* to), to, in, from, out, to)
BY_PATH(1, mkdir, (const char* path, mode_t mode), path, path, mode)
BY_PATH(1, mkdirat, (int in, const char* path, mode_t mode), path, in, path, mode)
BY_PATH(1, symlink, (const char* target, const char* path), path, target, path)
BY_PATH(1, link, (const char* from, const char* to), to, from, to)
BY_PATH(0, rmdir, (const char* path), path, path)
BY_PATH(0, unlink, (const char* path), path, path)
BY_PATH(0, unlinkat, (int in, const char* path, int flags), path, in, path, flags)
BY_PATH(0, remove, (const char* path), path, path)
BY_PATH(0, truncate, (const char* path, off_t size), path, path, size)
BY_PATH(0, chmod, (const char* path, mode_t mode), path, path, mode)

int renameat2(int in, const char* from, int out, const char* to, unsigned flags) {
  REAL(int, renameat2, int, const char*, int, const char*, unsigned);
  if (path_counts(to) && next_fault(OTHER, 1) == FAILS) {
    return -1;
  }
  if (flags != 0 && getenv("FAULTS_NO_EXCHANGE") != NULL) {
    errno = EINVAL;
    return -1;
  }
  return real(in, from, out, to, flags);
}

__attribute__((destructor)) static void write_count(void) {
  const char* file = getenv("FAULTS_COUNT");
  FILE* out = file == NULL ? NULL : fopen(file, "w");
  if (out != NULL) {
    fprintf(out, "%ld\n", (long)calls);
    fclose(out);
  }
}
