/* replay.c - see replay.h. */
#include "view/replay.h"

#include <stdlib.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "store/calls.h"
#include "view/call.h"
#include "view/diff.h"
#include "view/words.h"

struct side {
  json_t *call;
  char *answer;
};

static void take_side(void *arg, const struct call_row *k) {
  struct side *s = arg;
  json_decref(s->call);
  free(s->answer);
  s->call = view_call(k);
  s->answer = mem_dup(k->answer);
}

static json_t *parts_of(const struct side *old, const struct side *new) {
  static const char *const ops[3] = {"=", "-", "+"};
  return diff_words_json(old->answer ? old->answer : "", new->answer ? new->answer : "", ops);
}

enum err view_replay(struct db *db, const struct run_row *r, json_t **out, struct error *e) {
  struct side old = {0}, new = {0};
  if (!r->replay_of)
    return err_set(e, ERR_NOT_FOUND, "run %lld did not ask a call's question again", (long long)r->id);
  enum err err = call_get(db, r->replay_of, take_side, &old, e);
  if (err == OK && calls_each(db, r->id, take_side, &new) != OK) err = db_error(db, e); /* its last attempt */
  if (err == OK) {
    json_t *error = view_parsed(r->error);
    *out = json_pack("{s:I, s:s, s:O, s:o}", "run", (json_int_t)r->id, "status", run_status_word(r->status),
                     "of", old.call, "call", new.call ? json_incref(new.call) : json_null());
    view_set_text(*out, "error", jsonx_str(error, "message", r->wait_for));
    if (r->status == RUN_COMPLETED) json_object_set_new(*out, "diff", parts_of(&old, &new));
    json_decref(error);
  }
  json_decref(old.call);
  json_decref(new.call);
  free(old.answer);
  free(new.answer);
  return err;
}
