/* act.c - who carries a change out.
 *
 * 20 `quire run` at once on a fresh library: one gets the lock, the others find it taken, wait until owner.json says where to
 * call, and hand their run over. An owner that is just leaving refuses or cuts the line; then the loop begins again, and whoever
 * gets the lock is the next owner. A run carries a key of its own (guarded.c), so that a hand-over that was cut can be said again. */
#include "cli/act.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/jsonx.h"
#include "cli/client.h"
#include "cli/stop.h"
#include "store/artifacts.h"

enum {
  TRY_S = 15,    /* for an owner that does not answer, or that comes and goes */
  CROWD_S = 300, /* for one that has no thread free: it is alive, so as long as for an answer */
  SAY_S = 2,
  PAUSE_MS = 20,
  TAKE_OVER_MS = 5000
};

/* ---- what is called where */

/* A slug as a person typed it may hold anything. `stay`: what stands in a path as it is, a document's slashes. */
static void encode(const char *s, const char *stay, char *out, size_t max) {
  size_t n = 0;
  for (; *s && n + 4 < max; s++) {
    bool plain = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || strchr(stay, *s);
    n += (size_t)snprintf(out + n, max - n, plain ? "%c" : "%%%02X", (unsigned char)*s);
  }
  out[n] = '\0';
}

void act_path(const struct act *a, char *out, size_t max) {
  static const char *const verbs[] = {
      [ACT_RESUME] = "resume", [ACT_RETRY] = "retry",   [ACT_FORK] = "fork", [ACT_ADOPT] = "adopt",
      [ACT_PAUSE] = "pause",   [ACT_CANCEL] = "cancel", [ACT_NOTE] = "notes"};
  if (a->kind == ACT_RUN)
    snprintf(out, max, "/api/runs");
  else if (a->kind == ACT_REPLAY)
    snprintf(out, max, "/api/calls/%lld/replay", (long long)a->id);
  else if (a->kind == ACT_SWEEP)
    snprintf(out, max, "/api/sweep");
  else if (a->kind == ACT_PRUNE)
    snprintf(out, max, "/api/prune");
  else if (a->kind == ACT_UPLOAD)
    snprintf(out, max, "/api/uploads");
  else if (a->kind == ACT_PASSWORD)
    snprintf(out, max, "/api/password");
  else if (a->kind == ACT_TOKEN_NEW)
    snprintf(out, max, "/api/tokens");
  else if (a->kind == ACT_TOKEN_REVOKE) {
    char name[3 * 96 + 1];
    encode(a->name, "", name, sizeof name);
    snprintf(out, max, "/api/tokens/%s", name);
  } else if (a->kind == ACT_GATE)
    snprintf(out, max, "/api/gates/%lld", (long long)a->id);
  else if (a->kind == ACT_ARTIFACT || a->kind == ACT_FINDING || a->kind == ACT_PROJECT_DELETE) {
    char slug[3 * 96 + 1], name[3 * ARTIFACT_NAME_MOST + 5];
    encode(a->project, "", slug, sizeof slug);
    encode(a->kind == ACT_ARTIFACT ? a->name : "", "/", name, sizeof name);
    const char *part = a->kind == ACT_FINDING ? "/findings" : a->kind == ACT_ARTIFACT ? "/artifacts/" : "";
    snprintf(out, max, "/api/projects/%s%s%s", slug, part, name);
  } else
    snprintf(out, max, "/api/runs/%lld/%s", (long long)a->id, verbs[a->kind]);
}

static enum err call_local(struct commands *c, const struct act *a, json_t **out, struct error *e) {
  json_t *empty = json_object();
  const json_t *request = a->request ? a->request : empty;
  enum err err = ERR_INVALID;
  switch (a->kind) {
  case ACT_RUN: err = command_run(c, request, out, e); break;
  case ACT_RESUME: err = command_resume(c, a->id, request, out, e); break;
  case ACT_RETRY: err = command_retry(c, a->id, request, out, e); break;
  case ACT_FORK: err = command_fork(c, a->id, request, out, e); break;
  case ACT_REPLAY: err = command_replay(c, a->id, request, out, e); break;
  case ACT_ADOPT: err = command_adopt(c, a->id, out, e); break;
  case ACT_PAUSE: err = command_pause(c, a->id, out, e); break;
  case ACT_NOTE: err = command_note(c, a->id, request, out, e); break;
  case ACT_CANCEL: err = command_cancel(c, a->id, out, e); break;
  case ACT_GATE: err = command_gate(c, a->id, request, out, e); break;
  case ACT_ARTIFACT: err = command_artifact(c, a->project, request, out, e); break;
  case ACT_FINDING: err = command_finding(c, a->project, request, out, e); break;
  case ACT_UPLOAD: err = command_upload(c, request, out, e); break;
  case ACT_SWEEP: err = command_sweep(c, out, e); break;
  case ACT_PRUNE: err = command_prune(c, request, out, e); break;
  case ACT_PROJECT_DELETE: err = command_project_delete(c, a->project, out, e); break;
  case ACT_PASSWORD: err = command_password(c, request, out, e); break;
  case ACT_TOKEN_NEW: err = command_token_new(c, request, out, e); break;
  case ACT_TOKEN_REVOKE: err = command_token_revoke(c, a->name, out, e); break;
  }
  json_decref(empty);
  return err;
}

static bool moves_a_run(const struct act *a) {
  return a->kind == ACT_RUN || a->kind == ACT_RESUME || a->kind == ACT_RETRY || a->kind == ACT_FORK ||
         a->kind == ACT_REPLAY || a->kind == ACT_ADOPT;
}

/* ---- as the owner */

static enum err as_host(struct cli *c, struct act *a, struct error *e) {
  enum err err = cli_config(c, e);
  if (err == OK) err = host_open(&c->config, "run", false, &a->host, e);
  if (err != OK) return err;
  err = call_local(host_commands(a->host), a, &a->answer, e);
  if (err != OK) act_close(a, 0);
  return err;
}

/* Records the change and starts nothing. */
static enum err as_writer(struct cli *c, struct act *a, struct error *e) {
  struct store *store = NULL;
  /* A library that is not there is not made by cancelling a run of it; a password comes before all else. */
  enum err err = a->kind == ACT_PASSWORD ? OK : cli_library_there(c, e);
  if (err == OK) err = store_open(c->library, STORE_OWNER, &store, e);
  if (err != OK) return err;
  struct commands commands = {.store = store};
  err = call_local(&commands, a, &a->answer, e);
  store_close(store);
  return err;
}

/* ---- through the owner */

static const char *method_of(const struct act *a) {
  if (a->kind == ACT_PASSWORD || a->kind == ACT_ARTIFACT) return "PUT";
  return a->kind == ACT_PROJECT_DELETE || a->kind == ACT_TOKEN_REVOKE ? "DELETE" : "POST";
}

/* True: it is decided (err says how). False: try again. */
static bool hand_over(struct act *a, bool *crowded, enum err *err, struct error *e) {
  char path[1200];
  enum client_end end;
  act_path(a, path, sizeof path);
  json_t *empty = json_object();
  *err = client_call(&a->owner, method_of(a), path, a->request ? a->request : empty, &a->answer, &end, e);
  json_decref(empty);
  if (*err == OK) {
    a->handed_over = true;
    return true;
  }
  if (*err == ERR_OWNED) return true;
  *crowded = end == CLIENT_CROWDED;
  if (end == CLIENT_ANSWERED) return *err != ERR_CLOSED; /* it is leaving: the next owner will take it */
  return false;
}

static enum err refuse_detached(struct cli *c, struct error *e) {
  err_set(e, ERR_INVALID, "--detach needs a living owner of the library %s, and there is none", c->library);
  err_hint(e, "start `quire serve` first, or leave --detach out");
  return ERR_INVALID;
}

static uint64_t seconds(uint64_t ns) {
  return ns / 1000000000;
}

enum err act_do(struct cli *c, struct act *a, struct error *e) {
  uint64_t begin = clock_mono_ns(), alive = begin; /* alive: when the owner last said that it is there */
  bool said = false;
  for (;;) {
    enum err err = OK;
    bool crowded = false;
    struct error ignored;
    if (library_get_owner(c->library, &a->owner, &ignored) != OK) {
      if (a->only_living) return refuse_detached(c, e);
      err = moves_a_run(a) ? as_host(c, a, e) : as_writer(c, a, e);
      if (err != ERR_OWNED) return err;
    } else if (*a->owner.address) {
      if (hand_over(a, &crowded, &err, e)) return err;
    } else {
      err_set(e, ERR_OWNED, "the library %s belongs to process %d, which does not listen", c->library,
              (int)a->owner.pid);
      err_hint(e, "it may be starting, stopped (Ctrl-Z) or closing; `--take-over` ends it");
    }
    uint64_t now = clock_mono_ns();
    if (crowded) alive = now;
    if (seconds(now - alive) >= TRY_S || seconds(now - begin) >= CROWD_S || stop_signal())
      return e->code ? e->code : ERR_OWNED;
    if (!said && seconds(now - begin) >= SAY_S) {
      out_say(&c->out, "Waiting for the library's owner (process %d)...", (int)a->owner.pid);
      said = true;
    }
    stop_wait(PAUSE_MS + (int)(getpid() % 16)); /* not all in step */
  }
}

void act_close(struct act *a, int grace_ms) {
  if (a->host) {
    host_drain(a->host, grace_ms);
    host_close(a->host);
    a->host = NULL;
  }
  json_decref(a->answer);
  a->answer = NULL;
}

/* ---- --take-over */

enum err act_take_over(struct cli *c, struct error *e) {
  struct library_owner owner, again;
  struct error ignored;
  if (library_get_owner(c->library, &owner, &ignored) != OK) return OK;
  if (owner.pid <= 0)
    return err_set(e, ERR_OWNED, "somebody owns the library %s, but not who is known", c->library);
  if (owner.foreign) {
    err_set(e, ERR_OWNED, "process %d of another container owns the library %s", (int)owner.pid, c->library);
    err_hint(e, "stop it there: from here its number names another process");
    return ERR_OWNED;
  }
  int fd = (int)syscall(SYS_pidfd_open, owner.pid, 0);
  if (fd < 0 && errno == ESRCH) return OK;
  if (fd < 0) return err_errno(e, errno, "cannot get hold of process %d", (int)owner.pid);
  /* The descriptor names one process for ever; if that is still the owner, it is the one to end. */
  enum err err = OK;
  bool same = library_get_owner(c->library, &again, &ignored) == OK && again.pid == owner.pid;
  if (same && owner.guardian > 1)
    kill(owner.guardian, SIGKILL); /* or it would start the owner again; its child dies with it */
  if (same && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) != 0 && errno != ESRCH)
    err = err_errno(e, errno, "cannot end process %d", (int)owner.pid);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (err == OK && same && poll(&p, 1, TAKE_OVER_MS) <= 0)
    err = err_set(e, ERR_OWNED, "process %d does not end", (int)owner.pid);
  close(fd);
  if (err == OK && same) out_say(&c->out, "Ended the library's owner (process %d).", (int)owner.pid);
  return err;
}
