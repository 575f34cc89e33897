/* raster.c - rsvg-convert and fc-list as child processes: input and output are files in memory, so nobody can block on a pipe.
 *
 *   raster_png -> fonts_have (fc-list) -> convert (rsvg-convert) -> bytes
 *
 * Children get a small environment of their own, without the user's keys, and RASTER_MS; then they are killed. What they are given may
 * come from a model: the SVG's text was escaped by the export script, and rsvg-convert loads nothing from outside for data on its
 * standard input. */
#include "script_api/raster.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "lua/hold.h"

enum { RASTER_MS = 30000, MOST_PNG = 16 << 20, MOST_QUERY = 2000, LATIN_ENDS = 0x250 };

/* ---- child processes */

static int memory_file(const char *bytes, size_t n) {
  int fd = memfd_create("quire", MFD_CLOEXEC);
  for (size_t done = 0; fd >= 0 && done < n;) {
    ssize_t wrote = write(fd, bytes + done, n - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      close(fd);
      return -1;
    }
    done += (size_t)wrote;
  }
  if (fd >= 0) lseek(fd, 0, SEEK_SET);
  return fd;
}

/* PATH, HOME and what fontconfig reads. Ended by NULL. */
static void small_environment(char *environment[], size_t most) {
  static const char *const kept[] = {"PATH", "HOME", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH"};
  size_t n = 0;
  environment[n++] = mem_dup("LC_ALL=C.UTF-8");
  for (size_t i = 0; i < sizeof kept / sizeof *kept && n + 1 < most; i++) {
    const char *value = getenv(kept[i]);
    if (value) environment[n++] = mem_printf("%s=%s", kept[i], value);
  }
  environment[n] = NULL;
}

static bool spawn(char *const argv[], int in, int out, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t own;
  sigset_t none;
  char *environment[16];
  sigemptyset(&none);
  posix_spawnattr_init(&own); /* a group of its own: Ctrl-C lets an export finish */
  posix_spawnattr_setflags(&own, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&own, &none);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  small_environment(environment, sizeof environment / sizeof *environment);
  int failed = posix_spawnp(pid, argv[0], &actions, &own, argv, environment);
  for (size_t i = 0; environment[i]; i++) free(environment[i]);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&own);
  return failed == 0;
}

/* Its exit status; -1: it was killed, or took too long and was. */
static int wait_for(pid_t pid) {
  int status = 0, fd = (int)syscall(SYS_pidfd_open, pid, 0);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  int ready = fd < 0 ? 1 : poll(&p, 1, RASTER_MS); /* without pidfds it is waited for as long as it takes */
  while (ready < 0 && errno == EINTR) ready = poll(&p, 1, RASTER_MS);
  if (fd >= 0) close(fd);
  if (ready <= 0) kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs a program on `input`; what it printed goes to `out`. Its exit status, 127: it is not there, -1: it did not end well. */
static int filter(char *const argv[], const char *input, size_t n, struct buf *out) {
  int in = memory_file(input, n), to = memory_file("", 0), status = -1;
  pid_t pid;
  if (in >= 0 && to >= 0) status = spawn(argv, in, to, &pid) ? wait_for(pid) : 127;
  struct stat st;
  if (status == 0 && fstat(to, &st) == 0 && st.st_size > 0 && (size_t)st.st_size < out->max) {
    char *bytes = mem_alloc((size_t)st.st_size);
    ssize_t got = pread(to, bytes, (size_t)st.st_size, 0);
    if (got > 0) buf_append(out, bytes, (size_t)got);
    free(bytes);
  }
  if (in >= 0) close(in);
  if (to >= 0) close(to);
  return status;
}

/* ---- fonts */

/* ":charset=706f 53f0": the letters beyond Latin, each once. False when there is none. */
static bool charset_query(const char *svg, size_t n, struct buf *query) {
  buf_puts(query, ":charset=");
  bool any = false;
  for (size_t i = 0; i < n && query->len + 16 < MOST_QUERY;) {
    uint32_t cp;
    int length = utf8_decode(svg + i, n - i, &cp);
    char hex[16];
    i += length > 0 ? (size_t)length : 1;
    if (length <= 0 || cp < LATIN_ENDS || (cp >= 0x2000 && cp < 0x2070)) continue;
    snprintf(hex, sizeof hex, "%s%x", any ? " " : "", cp);
    if (strstr(query->data, hex)) continue;
    buf_puts(query, hex);
    any = true;
  }
  return any;
}

/* Without a font that has the letters the picture would show empty boxes. Where fc-list is not installed nobody knows. */
static bool fonts_have(const char *svg, size_t n) {
  struct buf query, fonts;
  buf_init(&query, MOST_QUERY);
  buf_init(&fonts, 1 << 20);
  bool have = true;
  if (charset_query(svg, n, &query)) {
    char *argv[] = {(char[]){"fc-list"}, query.data, (char[]){"family"}, NULL};
    have = filter(argv, "", 0, &fonts) != 0 || fonts.len > 0;
  }
  buf_release(&query);
  buf_release(&fonts);
  return have;
}

/* ---- pictures */

static const char *convert(const char *svg, size_t n, struct buf *png) {
  char *argv[] = {(char[]){"rsvg-convert"}, (char[]){"--format=png"}, NULL};
  int status = filter(argv, svg, n, png);
  if (status == 127) return "rsvg-convert is not installed";
  if (status != 0) return "rsvg-convert failed";
  return png->len > 8 && memcmp(png->data, "\x89PNG\r\n\x1a\n", 8) == 0 ? NULL : "rsvg-convert made no PNG";
}

static void release_buf(void *buf) {
  buf_release(buf);
}

int raster_png(lua_State *L) {
  size_t n;
  const char *svg = luaL_checklstring(L, 1, &n);
  struct buf *png = hold_push(L, sizeof *png, release_buf);
  buf_init(png, MOST_PNG);
  const char *why = fonts_have(svg, n) ? convert(svg, n, png) : "no installed font has its letters";
  if (why)
    lua_pushnil(L);
  else
    lua_pushlstring(L, png->data, png->len);
  lua_pushstring(L, why);
  hold_release(png);
  return 2;
}
