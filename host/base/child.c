/* child.c - see child.h. The descriptors of this host are closed on exec; the child's standard error is ours, for what it complains about. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"

enum { ARGS_MOST = 16, ANSWER_MOST_BYTES = 1 << 20, LOOK_MS = 50 };

extern char **environ;

struct child {
  pid_t pid;
  int in, out; /* our ends */
};

static void close_pair(const int pair[2]) {
  close(pair[0]);
  close(pair[1]);
}

/* The words of the command line, and of a bare environment: posix_spawn wants them writable. */
struct words {
  char *at[ARGS_MOST + 3];
  size_t n;
};

static void add_word(struct words *w, char *word) {
  w->at[w->n++] = word;
  w->at[w->n] = NULL;
}

static void release_words(struct words *w) {
  for (size_t i = 0; i < w->n; i++) free(w->at[i]);
}

static enum err spawn(const struct child_job *job, int in, int out, pid_t *pid, struct error *e) {
  struct words args = {.n = 0}, bare = {.n = 0};
  add_word(&args, mem_dup("quire"));
  for (size_t i = 0; job->args[i] && i < ARGS_MOST; i++) add_word(&args, mem_dup(job->args[i]));
  add_word(&args, mem_dup("--json"));
  add_word(&bare, mem_printf("HOME=%s", getenv("HOME") ? getenv("HOME") : "/"));
  add_word(&bare, mem_printf("TMPDIR=%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"));
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  int failed =
      posix_spawn(pid, "/proc/self/exe", &files, NULL, args.at, job->with_environment ? environ : bare.at);
  posix_spawn_file_actions_destroy(&files);
  release_words(&args);
  release_words(&bare);
  return failed ? err_errno(e, failed, "quire cannot be started once more") : OK;
}

static enum err start(const struct child_job *job, struct child *child, struct error *e) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return err_errno(e, errno, "no pipe for another quire");
  if (pipe2(out, O_CLOEXEC) != 0) {
    close_pair(in);
    return err_errno(e, errno, "no pipe for another quire");
  }
  enum err err = spawn(job, in[0], out[1], &child->pid, e);
  close(in[0]);
  close(out[1]);
  child->in = in[1];
  child->out = out[0];
  if (err == OK) return OK;
  close(in[1]);
  close(out[0]);
  return err;
}

/* Until it closes its output; false: it took too long. */
static bool read_all(int fd, int seconds, struct buf *out) {
  uint64_t until = clock_mono_ns() + (uint64_t)seconds * 1000000000;
  char piece[4096];
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = poll(&p, 1, LOOK_MS);
    if (clock_mono_ns() > until) return false;
    if (ready <= 0) continue;
    ssize_t n = read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    buf_append(out, piece, (size_t)n); /* what is too much is left out, and no JSON any more */
  }
}

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

enum err child_ask(const struct child_job *job, json_t **out, struct error *e) {
  struct child child;
  struct buf answer;
  enum err err = start(job, &child, e);
  if (err != OK) return err;
  buf_init(&answer, ANSWER_MOST_BYTES);
  file_feed(child.in, job->input ? job->input : ""); /* it reads that at once */
  bool ended = read_all(child.out, job->seconds, &answer);
  close(child.out);
  if (!ended) kill(child.pid, SIGKILL);
  while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR) continue;
  err = ended ? understand(&answer, out, e)
              : err_set(e, ERR_SCRIPT, "it was ended: it took longer than %d s", job->seconds);
  buf_release(&answer);
  return err;
}
