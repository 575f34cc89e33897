/* child.c - see child.h.
 *
 *   child_ask -> child_run: memory files -> spawn -> wait_for (a pidfd, the stop descriptor, the time) -> what it printed */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
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

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"

enum { GENTLY_MS = 2000, WORDS_MOST = 32, ANSWER_MOST_BYTES = 1 << 20 };

extern char **environ;

/* ---- what it is given */

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

/* posix_spawn wants them writable. NULL-terminated. */
struct words {
  char *at[WORDS_MOST + 1];
  size_t n;
};

static void add_word(struct words *w, char *word) {
  if (w->n < WORDS_MOST)
    w->at[w->n++] = word;
  else
    free(word);
}

static void add_words(struct words *w, const char *const *list) {
  for (size_t i = 0; list && list[i]; i++) add_word(w, mem_dup(list[i]));
}

static void release_words(struct words *w) {
  for (size_t i = 0; i < w->n; i++) free(w->at[i]);
}

static void gather_environment(const struct child_job *job, struct words *w) {
  for (size_t i = 0; job->kept && job->kept[i]; i++) {
    const char *value = getenv(job->kept[i]);
    if (value) add_word(w, mem_printf("%s=%s", job->kept[i], value));
  }
  add_words(w, job->more);
}

/* ---- starting */

/* The threads that start children block signals, and this program ignores some: a child begins as from a shell. */
static void like_from_a_shell(posix_spawnattr_t *a) {
  sigset_t none, ignored;
  sigemptyset(&none);
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGPIPE);
  posix_spawnattr_init(a);
  posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(a, &none);
  posix_spawnattr_setsigdefault(a, &ignored);
}

static bool spawn(const struct child_job *job, int in, int out, pid_t *pid) {
  struct words args = {.n = 0}, environment = {.n = 0};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t own;
  add_words(&args, job->argv);
  gather_environment(job, &environment);
  like_from_a_shell(&own);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  if (job->silent) posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  int failed = posix_spawnp(pid, job->program ? job->program : job->argv[0], &files, &own, args.at,
                            job->kept ? environment.at : environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&own);
  release_words(&args);
  release_words(&environment);
  return failed == 0;
}

/* ---- waiting */

/* False: the time is over, or it is to stop. */
static bool ends_in_time(const struct child_job *job, int pidfd) {
  uint64_t until = clock_mono_ns() + (uint64_t)job->ms * 1000000;
  struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = job->stop, .events = POLLIN}};
  for (;;) {
    uint64_t now = clock_mono_ns();
    if (now >= until) return false;
    int ready = poll(p, 2, (int)((until - now) / 1000000) + 1);
    if (p[0].revents) return true;
    if (ready > 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/* It is asked first: what it made in $TMPDIR, or in memory, it takes away itself. Not reaped yet: the number is still its group's. */
static void end_group(pid_t pid, int pidfd) {
  struct pollfd p = {.fd = pidfd, .events = POLLIN};
  kill(-pid, SIGTERM);
  poll(&p, 1, GENTLY_MS);
  kill(-pid, SIGKILL);
}

static int wait_for(const struct child_job *job, pid_t pid) {
  int status = 0, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  bool in_time = pidfd < 0 || ends_in_time(job, pidfd); /* a kernel without them: as long as it takes */
  if (!in_time) end_group(pid, pidfd);
  if (pidfd >= 0) close(pidfd);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!in_time) return CHILD_ENDED;
  return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_DIED;
}

static void take_output(int fd, struct buf *out, bool *too_much) {
  struct stat st;
  bool told = fstat(fd, &st) == 0, fits = told && (size_t)st.st_size < out->max;
  if (too_much) *too_much = told && !fits;
  if (!fits || st.st_size <= 0) return;
  char *bytes = mem_alloc((size_t)st.st_size);
  ssize_t got = pread(fd, bytes, (size_t)st.st_size, 0);
  if (got > 0) buf_append(out, bytes, (size_t)got);
  explicit_bzero(bytes, (size_t)st.st_size); /* it may be a secret */
  free(bytes);
}

int child_run(const struct child_job *job, struct buf *out) {
  int in = memory_file(job->input, job->n_input), to = out ? memory_file(NULL, 0) : 2, status = CHILD_DIED;
  pid_t pid;
  if (in >= 0 && to >= 0) status = spawn(job, in, to, &pid) ? wait_for(job, pid) : CHILD_MISSING;
  if (out && to >= 0) take_output(to, out, job->too_much);
  if (in >= 0) close(in);
  if (out && to >= 0) close(to);
  return status;
}

/* ---- this program itself */

static enum err understand(const struct buf *text, json_t **out, struct error *e) {
  json_t *answer = NULL;
  if (jsonx_parse(text->data, text->len, "its answer", &answer, NULL) != OK)
    return err_set(e, ERR_SCRIPT, "it ended without an answer");
  const json_t *wrong = json_object_get(answer, "error");
  if (!wrong) {
    *out = answer;
    return OK;
  }
  err_set(e, ERR_SCRIPT, "%s", jsonx_str(wrong, "message", "it failed"));
  err_hint(e, "%s", jsonx_str(wrong, "hint", ""));
  json_decref(answer);
  return ERR_SCRIPT;
}

static bool can_be_read(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

enum err child_ask(const struct child_question *q, json_t **out, struct error *e) {
  static const char *const bare[] = {"HOME", "TMPDIR", NULL};
  const char *argv[WORDS_MOST + 1] = {"quire"};
  size_t n = 1;
  for (; q->args[n - 1] && n < WORDS_MOST - 1; n++) argv[n] = q->args[n - 1];
  argv[n] = "--json";
  struct child_job job = {.program = "/proc/self/exe",
                          .argv = argv,
                          .kept = q->with_environment ? NULL : bare,
                          .input = q->input,
                          .n_input = q->input ? strlen(q->input) : 0,
                          .ms = q->seconds * 1000,
                          .stop = q->stop ? *q->stop : -1};
  struct buf answer;
  buf_init(&answer, ANSWER_MOST_BYTES);
  int status = child_run(&job, &answer);
  enum err err = status == CHILD_MISSING ? err_set(e, ERR_IO, "quire cannot be started once more")
                 : status == CHILD_ENDED && job.stop >= 0 && can_be_read(job.stop)
                     ? err_set(e, ERR_CANCELLED, "it was ended: a newer one took its place")
                 : status == CHILD_ENDED
                     ? err_set(e, ERR_SCRIPT, "it was ended: it took longer than %d s", q->seconds)
                     : understand(&answer, out, e);
  buf_release(&answer);
  return err;
}
