/* cli_replay.c - replay: the question of a call once more, and both answers side by side.
 *
 *   the prompt, edited or not -> act_do -> follow_run -> the comparison; Ctrl-C cancels the call, for nobody waits for its answer then */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/call.h"
#include "cli/command.h"
#include "cli/editor.h"
#include "cli/follow.h"
#include "cli/request.h"
#include "cli/result.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "view/diff.h"
#include "view/replay.h"

enum { CONTEXT_LINES = 2, GRACE_MS = 2000 };

/* ---- the prompt as a person changed it */

/* "=== 2 task ===" begins a block; the text after it when it does, else NULL. */
static const char *after_mark(const char *line) {
  const char *end = line + strcspn(line, "\n");
  size_t digits = strncmp(line, "=== ", 4) == 0 ? strspn(line + 4, "0123456789") : 0;
  if (!digits || end - line < 8 + (long)digits || strncmp(end - 4, " ===", 4) != 0) return NULL;
  return *end ? end + 1 : end;
}

/* call_prompt_text, read back. A text without such lines is one block. */
static json_t *blocks_of(const char *text) {
  json_t *blocks = json_array();
  const char *start = after_mark(text);
  for (const char *at = start = start ? start : text;;) {
    const char *line = at + strcspn(at, "\n"), *next = *line ? line + 1 : line;
    const char *block = *line ? after_mark(next) : NULL;
    at = next;
    if (!block && *line) continue;
    json_array_append_new(blocks, json_stringn(start, (size_t)((block ? line : next) - start)));
    if (!block) return blocks;
    at = start = block;
  }
}

static enum err edit_prompt(struct cli *c, const json_t *call, json_t *request, struct error *e) {
  const char *from = options_get(&c->options, "from");
  struct buf before, after;
  if (!from && !options_has(&c->options, "edit")) return OK;
  buf_init(&before, MAX_JSON_BYTES);
  buf_init(&after, MAX_JSON_BYTES);
  call_prompt_text(call, &before);
  enum err err = from ? request_file(from, "the prompt", true, &after, e)
                      : editor_open(before.data, before.len, &after, e);
  if (err == OK && !after.len) err = err_set(e, ERR_INVALID, "the prompt is empty; nothing was sent");
  if (err == OK) {
    /* The line break that call_prompt_text puts behind each block is not the block's. */
    if (after.data[after.len - 1] == '\n' && after_mark(after.data)) after.data[--after.len] = '\0';
    json_object_set_new(request, "blocks", blocks_of(after.data));
  }
  buf_release(&before);
  buf_release(&after);
  return err;
}

static enum err make_request(struct cli *c, const json_t *call, json_t **out, struct error *e) {
  json_t *request = *out = json_object();
  const char *model = options_get(&c->options, "model");
  if (model) json_object_set_new(request, "model", view_text(model));
  enum err err = request_budget(c, request, e);
  return err == OK ? edit_prompt(c, call, request, e) : err;
}

/* ---- both side by side */

static void row_of(struct table *t, const char *name, const char *old, const char *new) {
  table_cell(t, "%s", name);
  table_cell(t, "%s", old);
  table_cell(t, "%s", new);
}

static void number_row(struct table *t, const char *name, const json_t *old, const json_t *new,
                       const char *field) {
  char a[24], b[24];
  snprintf(a, sizeof a, "%lld", (long long)jsonx_int(json_object_get(old, "usage"), field, 0));
  snprintf(b, sizeof b, "%lld", (long long)jsonx_int(json_object_get(new, "usage"), field, 0));
  row_of(t, name, a, b);
}

static const char *cost_of(const json_t *call, char room[40]) {
  const json_t *cost = json_object_get(call, "cost_usd");
  return json_is_number(cost) ? view_money((int64_t)(json_number_value(cost) * 1e9 + 0.5), 0, room)
                              : "unknown";
}

static void print_sides(const json_t *old, const json_t *new) {
  char a[40], b[40];
  char *head_old = mem_printf("CALL %lld", (long long)jsonx_int(old, "call", 0)),
       *head_new = mem_printf("CALL %lld", (long long)jsonx_int(new, "call", 0));
  const char *const headers[] = {"", head_old, head_new, NULL};
  struct table *t = table_new(headers);
  char *model_old = mem_printf("%s/%s", jsonx_str(old, "provider", ""), jsonx_str(old, "model", "")),
       *model_new = mem_printf("%s/%s", jsonx_str(new, "provider", ""), jsonx_str(new, "model", ""));
  row_of(t, "model", model_old, model_new);
  number_row(t, "tokens in", old, new, "input");
  number_row(t, "tokens out", old, new, "output");
  row_of(t, "cost", cost_of(old, a), cost_of(new, b));
  row_of(t, "time", view_duration(jsonx_int(old, "total_ms", 0), a),
         view_duration(jsonx_int(new, "total_ms", 0), b));
  row_of(t, "ended", jsonx_str(old, "stop", jsonx_str(old, "state", "")),
         jsonx_str(new, "stop", jsonx_str(new, "state", "")));
  table_print(t);
  free(head_old);
  free(head_new);
  free(model_old);
  free(model_new);
}

static void print_words(struct cli *c, const json_t *old, const json_t *new) {
  const char *end = terminal_style(stdout, STYLE_NONE);
  const struct diff_marks marks = {terminal_style(stdout, STYLE_GONE), end,
                                   terminal_style(stdout, STYLE_GREEN), end};
  struct buf b;
  buf_init(&b, 2 * (size_t)MAX_ANSWER_BYTES);
  size_t words = diff_words(jsonx_str(old, "answer", ""), jsonx_str(new, "answer", ""),
                            terminal_colour(stdout) ? &marks : NULL, CONTEXT_LINES, &b);
  if (words && b.len) out_text(stdout, "\n%s\n", b.data);
  out_say(&c->out, words ? "%zu words differ." : "The two answers are the same, word for word.", words);
  buf_release(&b);
}

static enum err print_comparison(struct cli *c, const struct run_row *r, struct error *e) {
  json_t *both = NULL, *old = NULL, *new = NULL;
  enum err err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = view_replay(db, r, &both, e);
  store_reader_release(c->reader, db);
  int64_t again = jsonx_int(json_object_get(both, "call"), "call", 0);
  if (err == OK && c->out.json) {
    out_json(json_incref(both));
  } else if (err == OK && (err = call_read(c, r->replay_of, &old, e)) == OK &&
             (err = call_read(c, again, &new, e)) == OK) {
    print_sides(old, new);
    print_words(c, old, new);
  }
  json_decref(both);
  json_decref(old);
  json_decref(new);
  return err;
}

/* ---- the end */

static int cancelled(struct cli *c, struct act *a, int64_t run) {
  struct error e = {0};
  struct act cancel = {.kind = ACT_CANCEL, .id = run};
  enum err err =
      a->host ? command_cancel(host_commands(a->host), run, &cancel.answer, &e) : act_do(c, &cancel, &e);
  act_close(&cancel, 0);
  act_close(a, GRACE_MS);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    err_set(&e, ERR_CANCELLED, "interrupted by signal %d; the question was withdrawn", stop_signal());
    out_error(&c->out, &e);
  }
  out_say(&c->out, "The question was withdrawn (run %lld is cancelled).", (long long)run);
  return EXIT_SIGNAL + stop_signal();
}

static int follow_to_end(struct cli *c, struct act *a) {
  struct error e = {0};
  struct follow f = {
      .run = jsonx_int(a->answer, "run", 0), .host = a->host, .whole_history = true, .max_wait_ms = -1};
  enum follow_end end = FOLLOW_OVER;
  int code = EXIT_FAILED;
  if (follow_run(c, &f, &end, &e) != OK)
    code = cli_fail(c, &e);
  else if (end == FOLLOW_SIGNAL)
    code = cancelled(c, a, f.run);
  else if (end == FOLLOW_ORPHANED)
    result_say_state(c, &f.row, NULL);
  else if (f.row.status != RUN_COMPLETED)
    code = result_print(c, &f.row);
  else
    code = print_comparison(c, &f.row, &e) == OK ? exit_of_run(&f.row) : cli_fail(c, &e);
  run_row_release(&f.row);
  act_close(a, GRACE_MS);
  return code;
}

int cli_replay(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_REPLAY};
  json_t *call = NULL;
  enum err err = call_argument(c, &a.id, &e);
  if (err == OK) err = call_read(c, a.id, &call, &e);
  if (err == OK) err = make_request(c, call, &a.request, &e);
  if (err == OK) stop_catch();
  if (err == OK) err = act_do(c, &a, &e);
  json_decref(call);
  json_decref(a.request);
  a.request = NULL;
  if (err != OK) return stop_signal() ? EXIT_SIGNAL + stop_signal() : cli_fail(c, &e);
  out_say(&c->out, "Call %lld again, beside its run: run %lld%s", (long long)a.id,
          (long long)jsonx_int(a.answer, "run", 0), a.handed_over ? " (handed to the library's owner)" : "");
  return follow_to_end(c, &a);
}
