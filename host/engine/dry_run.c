/* dry_run.c - `quire script test` for who asks over HTTP: the same program as a process of its own, so that a script that eats memory or
 * time is not this host's trouble. Threads: those of commands.h; the caller waits.
 *
 * The child gets the pipeline's input as JSON on its standard input and answers as JSON on its standard output. It gets this library by
 * name only to read scripts and settings; what it writes goes to a scratch library. No key is in its environment: it asks no provider. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "engine/commands.h"

enum { DRY_RUN_S = 120, ANSWER_MOST_BYTES = 1 << 20, LOOK_MS = 50 };

struct child {
  pid_t pid;
  int in, out; /* our ends */
};

static void close_pair(const int pair[2]) {
  close(pair[0]);
  close(pair[1]);
}

static enum err start(const struct commands *c, const char *pipeline, struct child *child, struct error *e) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return err_errno(e, errno, "no pipe for the dry run");
  if (pipe2(out, O_CLOEXEC) != 0) {
    close_pair(in);
    return err_errno(e, errno, "no pipe for the dry run");
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], 0);
  posix_spawn_file_actions_adddup2(&files, out[1], 1);
  char *home = mem_printf("HOME=%s", getenv("HOME") ? getenv("HOME") : "/");
  char *temp = mem_printf("TMPDIR=%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  char *env[] = {home, temp, NULL};
  char *library = mem_dup(store_dir(c->store)), *name = mem_dup(pipeline);
  char words[][12] = {"quire", "script", "test", "--json", "--quiet", "--input", "-", "--library"};
  char *argv[] = {words[0], words[1], words[2], name,    words[3], words[4],
                  words[5], words[6], words[7], library, NULL};
  int failed = posix_spawn(&child->pid, "/proc/self/exe", &files, NULL, argv, env);
  posix_spawn_file_actions_destroy(&files);
  char *strings[] = {home, temp, library, name};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) free(strings[i]);
  close(in[0]);
  close(out[1]);
  child->in = in[1];
  child->out = out[0];
  if (!failed) return OK;
  close(in[1]);
  close(out[0]);
  return err_errno(e, failed, "the dry run cannot be started");
}

/* Small enough for a pipe's buffer, or the child reads it at once. */
static void feed(int fd, const char *text) {
  size_t n = strlen(text);
  while (n > 0) {
    ssize_t k = write(fd, text, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) break; /* it ended before it read all: its own words say why */
    text += k;
    n -= (size_t)k;
  }
  close(fd);
}

/* Until it closes its output; false: it took too long. */
static bool read_all(int fd, struct buf *out) {
  uint64_t until = clock_mono_ns() + (uint64_t)DRY_RUN_S * 1000000000;
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
  if (jsonx_parse(text->data, text->len, "the dry run's answer", &answer, NULL) != OK)
    return err_set(e, ERR_SCRIPT, "the dry run ended without an answer");
  const json_t *wrong = json_object_get(answer, "error");
  if (!wrong) {
    *out = answer;
    return OK;
  }
  err_set(e, ERR_SCRIPT, "%s", jsonx_str(wrong, "message", "the dry run failed"));
  err_hint(e, "%s", jsonx_str(wrong, "hint", ""));
  json_decref(answer);
  return ERR_SCRIPT;
}

enum err command_dry_run(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  const char *pipeline = jsonx_str(request, "pipeline", NULL);
  const json_t *input = json_object_get(request, "input");
  if (!pipeline || !pipeline[0] || strpbrk(pipeline, "/.") || pipeline[0] == '-')
    return err_set(e, ERR_INVALID, "name the pipeline to try (\"pipeline\")");
  if (input && !json_is_object(input)) return err_set(e, ERR_INVALID, "the input is an object");
  struct child child;
  enum err err = start(c, pipeline, &child, e);
  if (err != OK) return err;
  char *text = input ? jsonx_dumps(input) : mem_dup("{}");
  struct buf answer;
  buf_init(&answer, ANSWER_MOST_BYTES);
  feed(child.in, text ? text : "{}");
  bool ended = read_all(child.out, &answer);
  close(child.out);
  if (!ended) kill(child.pid, SIGKILL);
  while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR) continue;
  err = ended ? understand(&answer, out, e)
              : err_set(e, ERR_SCRIPT, "the dry run was ended: it took longer than %d s", DRY_RUN_S);
  buf_release(&answer);
  free(text);
  return err;
}
