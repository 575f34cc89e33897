/* cli_call.c - call: one model call whole. What the browser's page of a call shows, from the same view. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/terminal.h"
#include "store/calls.h"
#include "view/call.h"

enum { SHOWN_LINES = 12, SHOWN_BYTES = 1200 }; /* of a long text without --full */

/* ---- which call */

static enum err bad_argument(const char *given, struct error *e) {
  err_set(e, ERR_INVALID, "'%s' is not the number of a call", given);
  err_hint(e, "`quire trace RUN` lists a run's calls; RUN:SEQ names the one at a place of its journal");
  return ERR_INVALID;
}

static bool read_number(const char *text, const char *end, int64_t *out) {
  char *stop = NULL;
  *out = strtoll(text, &stop, 10);
  return stop == end && end > text && *out > 0;
}

enum err call_argument(struct cli *c, int64_t *id, struct error *e) {
  const char *given = c->args[0], *colon = strchr(given, ':');
  const char *end = given + strlen(given);
  int64_t run, seq;
  if (!colon && !read_number(given, end, id)) return bad_argument(given, e);
  if (colon && !(read_number(given, colon, &run) && read_number(colon + 1, end, &seq)))
    return bad_argument(given, e);
  enum err err = cli_reader(c, e);
  if (err != OK || !colon) return err;
  struct db *db = store_reader(c->reader);
  err = call_at(db, run, seq, id, e);
  store_reader_release(c->reader, db);
  return err;
}

enum err call_read(struct cli *c, int64_t id, json_t **out, struct error *e) {
  struct db *db = store_reader(c->reader);
  enum err err = view_call_whole(db, id, out, e);
  store_reader_release(c->reader, db);
  return err;
}

void call_prompt_text(const json_t *call, struct buf *out) {
  const json_t *block;
  size_t i;
  json_array_foreach(json_object_get(call, "blocks"), i, block) {
    const char *text = jsonx_str(block, "text", ""), *name = jsonx_str(block, "name", NULL);
    buf_printf(out, "=== %zu%s%s ===\n", i + 1, name ? " " : "", name ? name : "");
    buf_puts(out, text);
    buf_putc(out, '\n');
  }
}

/* ---- its fields */

static void show_tokens(const json_t *call) {
  const json_t *usage = json_object_get(call, "usage");
  long long cached = jsonx_int(usage, "cached_read", 0), thought = jsonx_int(usage, "reasoning", 0);
  char *from_cache = cached ? mem_printf(" (%lld from the cache)", cached) : mem_dup("");
  char *thinking = thought ? mem_printf(" (%lld of them thinking)", thought) : mem_dup("");
  out_field("tokens", "%lld in%s, %lld out%s%s", (long long)jsonx_int(usage, "input", 0), from_cache,
            (long long)jsonx_int(usage, "output", 0), thinking,
            json_is_true(json_object_get(call, "usage_estimated")) ? ", estimated" : "");
  free(from_cache);
  free(thinking);
}

/* Parameters but the schema: "max_words 900, temperature 0.8". */
static void show_parameters(const json_t *call) {
  struct buf b;
  const char *name;
  json_t *v;
  buf_init(&b, MAX_JSON_BYTES);
  json_object_foreach(json_object_get(call, "params"), name, v) {
    if (strcmp(name, "schema") == 0) continue;
    char *text = json_is_string(v) ? mem_dup(json_string_value(v))
                                   : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    buf_printf(&b, "%s%s %s", b.len ? ", " : "", name, text ? text : "?");
    free(text);
  }
  out_field("asked for", "%s", b.data ? b.data : "");
  buf_release(&b);
}

static void show_attempts(const json_t *call) {
  const json_t *attempts = json_object_get(call, "attempts"), *a;
  size_t i;
  if (json_array_size(attempts) < 2) return;
  json_array_foreach(attempts, i, a) {
    const char *error = jsonx_str(a, "error", "");
    out_field(i ? "" : "attempts", "call %lld: %s/%s %s%s%s", (long long)jsonx_int(a, "call", 0),
              jsonx_str(a, "provider", ""), jsonx_str(a, "model", ""), jsonx_str(a, "state", ""),
              *error ? ": " : "", error);
  }
}

static void show_times(const json_t *call) {
  char at[40], total[40], first[40];
  int64_t ms = jsonx_int(call, "total_ms", 0);
  out_field("when", "%s", view_time(jsonx_int(call, "created_ms", 0), at));
  if (ms)
    out_field("took", "%s, first words after %s", view_duration(ms, total),
              view_duration(jsonx_int(call, "ttft_ms", 0), first));
}

static void show_fields(const json_t *call) {
  char money[40];
  const json_t *cost = json_object_get(call, "cost_usd");
  const char *model = jsonx_str(call, "model", ""), *returned = jsonx_str(call, "model_returned", model);
  long long run = jsonx_int(call, "run", 0), seq = jsonx_int(call, "seq", 0);
  if (seq)
    out_field("run", "%lld, place %lld of its journal (%lld:%lld)", run, seq, run, seq);
  else
    out_field("run", "%lld", run);
  out_field("task", "%s", jsonx_str(call, "scope", ""));
  out_field("model", "%s/%s%s%s", jsonx_str(call, "provider", ""), model,
            strcmp(model, returned) != 0 ? ", answered by " : "",
            strcmp(model, returned) != 0 ? returned : "");
  show_times(call);
  show_tokens(call);
  out_field("cost", "%s",
            json_is_number(cost) ? view_money((int64_t)(json_number_value(cost) * 1e9 + 0.5), 0, money)
                                 : "unknown");
  show_parameters(call);
  out_field("ended", "%s", jsonx_str(call, "stop", ""));
  out_field("error", "%s", jsonx_str(call, "error", ""));
  out_field("id there", "%s", jsonx_str(call, "request_id", ""));
  show_attempts(call);
}

/* ---- its texts */

/* Where a shortened text ends: after some lines or bytes, never inside a letter. */
static size_t cut(const char *text) {
  size_t n = 0, lines = 0, all = strlen(text);
  while (n < all && n < SHOWN_BYTES && lines < SHOWN_LINES) lines += text[n++] == '\n';
  while (n > 0 && n < all && ((unsigned char)text[n] & 0xC0) == 0x80) n--;
  return n;
}

static void show_text(const char *title, const char *text, bool full) {
  size_t all = strlen(text), n = full ? all : cut(text);
  char *shown = mem_dup_n(text, n);
  out_text(stdout, "\n%s--- %s ---%s\n%s%s", terminal_style(stdout, STYLE_BOLD), title,
           terminal_style(stdout, STYLE_NONE), shown, n && shown[n - 1] == '\n' ? "" : "\n");
  if (n < all)
    out_text(stdout, "%s... %zu more bytes; --full shows them%s\n", terminal_style(stdout, STYLE_DIM),
             all - n, terminal_style(stdout, STYLE_NONE));
  free(shown);
}

static void show_texts(const json_t *call, bool full) {
  const json_t *schema = json_object_get(json_object_get(call, "params"), "schema"), *block;
  size_t i;
  json_array_foreach(json_object_get(call, "blocks"), i, block) {
    const char *name = jsonx_str(block, "name", NULL);
    char *title = mem_printf("Block %zu%s%s, %lld bytes%s", i + 1, name ? ": " : "", name ? name : "",
                             (long long)jsonx_int(block, "bytes", 0),
                             json_is_true(json_object_get(block, "stable")) ? ", stable" : "");
    show_text(title, jsonx_str(block, "text", ""), full);
    free(title);
  }
  char *form = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
  if (form) show_text("Schema", form, full);
  free(form);
  if (jsonx_str(call, "reasoning", NULL)) show_text("Reasoning", jsonx_str(call, "reasoning", ""), full);
  show_text("Answer", jsonx_str(call, "answer", "(none)"), full);
}

/* ---- one part of it */

/* A block by its number or name, or "answer", "reasoning"; NULL: there is none. */
static const char *find_part(const json_t *call, const char *wanted) {
  const json_t *block;
  size_t i;
  json_array_foreach(json_object_get(call, "blocks"), i, block) {
    char number[24];
    snprintf(number, sizeof number, "%zu", i + 1);
    if (strcmp(wanted, number) == 0 || strcmp(wanted, jsonx_str(block, "name", "")) == 0)
      return jsonx_str(block, "text", "");
  }
  if (strcmp(wanted, "answer") != 0 && strcmp(wanted, "reasoning") != 0) return NULL;
  return jsonx_str(call, wanted, NULL);
}

static enum err no_part(const json_t *call, const char *wanted, struct error *e) {
  struct buf names;
  const json_t *block;
  size_t i;
  buf_init(&names, 400);
  json_array_foreach(json_object_get(call, "blocks"), i, block)
      buf_printf(&names, "%s%s", i ? ", " : "", jsonx_str(block, "name", "(without a name)"));
  err_set(e, ERR_NOT_FOUND, "call %lld has no block '%s'", (long long)jsonx_int(call, "call", 0), wanted);
  err_hint(e, "its blocks: %s; 1 to %zu by number; answer, reasoning", names.data ? names.data : "none",
           json_array_size(json_object_get(call, "blocks")));
  buf_release(&names);
  return ERR_NOT_FOUND;
}

static enum err show_part(const struct cli *c, const json_t *call, const char *wanted, struct error *e) {
  const char *text = find_part(call, wanted);
  if (!text) return no_part(call, wanted, e);
  if (c->out.json)
    out_json(json_pack("{s:I, s:s, s:s}", "call", (json_int_t)jsonx_int(call, "call", 0), "block", wanted,
                       "text", text));
  else
    out_document(text, strlen(text));
  return OK;
}

static void show_call(const struct cli *c, const json_t *call) {
  const char *stop = jsonx_str(call, "stop", NULL);
  out_line("%sCall %lld: %s, %s%s\n", terminal_style(stdout, STYLE_BOLD),
           (long long)jsonx_int(call, "call", 0), jsonx_str(call, "role", ""),
           stop && strcmp(stop, "end") != 0 ? stop : jsonx_str(call, "state", ""),
           terminal_style(stdout, STYLE_NONE));
  show_fields(call);
  show_texts(call, options_has(&c->options, "full"));
}

static void show_prompt(const json_t *call) {
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  call_prompt_text(call, &b);
  out_document(b.data ? b.data : "", b.len);
  buf_release(&b);
}

int cli_call(struct cli *c) {
  struct error e = {0};
  int64_t id;
  json_t *call = NULL;
  const char *block = options_get(&c->options, "block");
  enum err err = call_argument(c, &id, &e);
  if (err == OK) err = call_read(c, id, &call, &e);
  if (err == OK && block)
    err = show_part(c, call, block, &e);
  else if (err == OK && options_has(&c->options, "prompt"))
    show_prompt(call);
  else if (err == OK && c->out.json)
    out_json(json_incref(call));
  else if (err == OK)
    show_call(c, call);
  json_decref(call);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
