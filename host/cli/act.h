/* act.h - changes to a library: by the living owner's API if there is one, else as the owner.
 *
 *   act_do -> (follow, see follow.h) -> act_close
 *
 * A change that moves a run (run, resume, retry) makes this process the run's host when nobody owns the library. Any other change is then
 * only recorded: the store is opened, written and closed, and no run starts. */
#pragma once
#include <jansson.h>
#include "cli/command.h"
#include "acts/commands.h"
#include "serve.h"

enum act_kind {
  ACT_RUN,
  ACT_RESUME,
  ACT_RETRY,
  ACT_FORK,
  ACT_REPLAY,
  ACT_ADOPT,
  ACT_PAUSE,
  ACT_CANCEL,
  ACT_NOTE,
  ACT_GATE,
  ACT_ARTIFACT,
  ACT_FINDING,
  ACT_UPLOAD,
  ACT_SWEEP,
  ACT_PRUNE,
  ACT_PROJECT_DELETE,
  ACT_PASSWORD,
  ACT_TOKEN_NEW,
  ACT_TOKEN_REVOKE
};

struct act {
  enum act_kind kind;
  int64_t id;          /* of the run, call or gate */
  const char *project; /* ACT_ARTIFACT, ACT_FINDING, ACT_PROJECT_DELETE */
  const char *name;    /* ACT_TOKEN_REVOKE, ACT_ARTIFACT */
  json_t *request;     /* borrowed; NULL: an empty object */
  bool only_living;    /* --detach: refuse without a living owner */

  /* out */
  struct host *host;          /* this process is the owner; act_close drains and closes it */
  struct library_owner owner; /* who took it, when it was somebody else */
  bool handed_over;
  json_t *answer;
};

/* Tries for some seconds while an owner is coming or going. */
enum err act_do(struct cli *c, struct act *a, struct error *e);
/* The API's path of this act, and the local function: the same table row (for tests). */
void act_path(const struct act *a, char *out, size_t max);
void act_close(struct act *a, int grace_ms);
/* --take-over: ends the library's owner by its pidfd, also when it is stopped. */
enum err act_take_over(struct cli *c, struct error *e);
