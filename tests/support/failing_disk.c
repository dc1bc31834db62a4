/* Makes writes below $FAILING_ROOT fail while the file $FAILING_SWITCH exists.
 *
 * The switch holds an error number, a share in thousandths of the calls that fail, and a word of
 * letters for which: w writes, o files that are opened to be written, r renames, m new folders,
 * s syncs, d reads, t writes that stop half way. Preloaded, it comes between a program and the C
 * library, so that what is tested is the program as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_ulong calls;

#define REAL(name)                                                            \
  ({                                                                          \
    static __typeof__(&name) real_;                                           \
    if (!real_) real_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name);           \
    real_;                                                                    \
  })

static int switched_on(void) {
  const char *name = getenv("FAILING_SWITCH");
  return name && access(name, F_OK) == 0;
}

/* The error number with which this call is to fail; 0 if it is not. */
static int failing(char kind, const char *path) {
  const char *root = getenv("FAILING_ROOT"), *name = getenv("FAILING_SWITCH");
  if (!root || !name || strncmp(path, root, strlen(root)) || strcmp(path, name) == 0) return 0;
  int file = REAL(open)(name, O_RDONLY);
  if (file < 0) return 0;
  char text[64] = {0}, kinds[32] = {0};
  ssize_t got = REAL(read)(file, text, sizeof text - 1);
  REAL(close)(file);
  int number = 0, share = 0;
  if (got <= 0 || sscanf(text, "%d %d %31s", &number, &share, kinds) != 3) return 0;
  if (!strchr(kinds, kind)) return 0;
  unsigned long drawn = (atomic_fetch_add(&calls, 1) + 1) * 2654435761ul;
  return (int)((drawn >> 8) % 1000) < share ? number : 0;
}

static int failing_file(char kind, int descriptor) {
  if (!switched_on()) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return failing(kind, path);
}

static int failing_at(char kind, int folder, const char *path) {
  if (!switched_on()) return 0;
  char whole[8192];
  if (path[0] == '/') return failing(kind, path);
  if (folder == AT_FDCWD) {
    if (!getcwd(whole, 4096)) return 0;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, whole, 4095);
    if (length <= 0) return 0;
    whole[length] = 0;
  }
  strcat(whole, "/");
  strncat(whole, path, 4000);
  return failing(kind, whole);
}

#define FAIL(test)           \
  do {                       \
    int number_ = (test);    \
    if (number_) {           \
      errno = number_;       \
      return -1;             \
    }                        \
  } while (0)

ssize_t write(int file, const void *from, size_t size) {
  FAIL(failing_file('w', file));
  if (size > 1 && failing_file('t', file)) size /= 2;
  return REAL(write)(file, from, size);
}
ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
  FAIL(failing_file('w', file));
  return REAL(pwrite)(file, from, size, at);
}
ssize_t pwrite64(int file, const void *from, size_t size, off_t at) {
  FAIL(failing_file('w', file));
  return REAL(pwrite64)(file, from, size, at);
}
ssize_t writev(int file, const struct iovec *from, int count) {
  FAIL(failing_file('w', file));
  return REAL(writev)(file, from, count);
}
ssize_t read(int file, void *to, size_t size) {
  FAIL(failing_file('d', file));
  return REAL(read)(file, to, size);
}
ssize_t pread64(int file, void *to, size_t size, off_t at) {
  FAIL(failing_file('d', file));
  return REAL(pread64)(file, to, size, at);
}
int fsync(int file) {
  FAIL(failing_file('s', file));
  return REAL(fsync)(file);
}
int rename(const char *from, const char *to) {
  FAIL(failing_at('r', AT_FDCWD, to));
  return REAL(rename)(from, to);
}
int renameat(int folder, const char *from, int other, const char *to) {
  FAIL(failing_at('r', other, to));
  return REAL(renameat)(folder, from, other, to);
}
int mkdir(const char *path, mode_t mode) {
  FAIL(failing_at('m', AT_FDCWD, path));
  return REAL(mkdir)(path, mode);
}
int mkdirat(int folder, const char *path, mode_t mode) {
  FAIL(failing_at('m', folder, path));
  return REAL(mkdirat)(folder, path, mode);
}

#define OPENED(name)                                                     \
  int name(const char *path, int flags, ...) {                           \
    va_list more;                                                        \
    va_start(more, flags);                                               \
    mode_t mode = va_arg(more, mode_t);                                  \
    va_end(more);                                                        \
    if (flags & (O_WRONLY | O_RDWR)) FAIL(failing_at('o', AT_FDCWD, path)); \
    return REAL(name)(path, flags, mode);                                \
  }
OPENED(open)
OPENED(open64)

#define OPENED_AT(name)                                             \
  int name(int folder, const char *path, int flags, ...) {          \
    va_list more;                                                   \
    va_start(more, flags);                                          \
    mode_t mode = va_arg(more, mode_t);                             \
    va_end(more);                                                   \
    if (flags & (O_WRONLY | O_RDWR)) FAIL(failing_at('o', folder, path)); \
    return REAL(name)(folder, path, flags, mode);                   \
  }
OPENED_AT(openat)
OPENED_AT(openat64)
