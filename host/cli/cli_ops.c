/* cli_ops.c - keeping house: backup, restore, prune, project delete, sweep. What changes a library goes through its living owner; backup
 * only reads, and restore wants nobody to own it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/needs.h"
#include "cli/request.h"
#include "cli/result.h"
#include "store/upkeep/backup.h"
#include "store/upkeep/belongings.h"

#define DAY_MS INT64_C(86400000)
enum { PRUNE_DAYS = 30 };

static int64_t size_of(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* ---- backup, restore */

int cli_backup(struct cli *c) {
  struct error e = {0};
  const char *file = c->args[0];
  enum err err = cli_library_there(c, &e);
  if (err == OK && strcmp(file, "-") == 0) {
    err = err_set(&e, ERR_INVALID, "a backup is a file that is checked once it is written, not a stream");
    err_hint(&e, "name the file: `quire backup FILE` (./- when it is to be called so)");
  }
  if (err == OK) err = backup_make(c->library, file, &e);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(json_pack("{s:o, s:I, s:o}", "file", view_text(file), "bytes", (json_int_t)size_of(file),
                       "library", view_text(c->library)));
  } else {
    out_line("%s", file);
    out_say(&c->out, "%.1f MB, checked. `quire restore %s --library DIR` makes a library of it.",
            (double)size_of(file) / 1e6, file);
  }
  return EXIT_DONE;
}

/* What the restored library means and is not here. Settings that cannot be read are the first thing that is wrong. */
static json_t *missing_here(struct cli *c) {
  struct error e = {0};
  if (cli_config(c, &e) == OK && cli_reader(c, &e) == OK) return needs_missing(c);
  return json_pack("[{s:o, s:o}]", "text", view_text(e.message), "hint", view_text(e.hint));
}

static void say_missing(const struct cli *c, const json_t *list, const json_t *others) {
  size_t i;
  json_t *item;
  json_array_foreach(others, i, item)
      out_say(&c->out, "%s stays as it is here; the backup holds another.", json_string_value(item));
  json_array_foreach(list, i, item)
      out_say(&c->out, "Missing here: %s.\n  %s", jsonx_str(item, "text", ""), jsonx_str(item, "hint", ""));
}

int cli_restore(struct cli *c) {
  struct error e = {0};
  const char *file = c->args[0];
  enum err err = backup_restore(file, c->library, options_has(&c->options, "replace"), &e);
  if (err == ERR_EXISTS)
    err_hint(
        &e,
        "--replace puts the library that is there aside (nothing is deleted); --library DIR names another");
  if (err != OK) return cli_fail(c, &e);
  json_t *missing = missing_here(c), *others = belongings_others(file, c->library);
  if (c->out.json) {
    out_json(json_pack("{s:o, s:o, s:O, s:O}", "library", view_text(c->library), "file", view_text(file),
                       "missing", missing, "left", others));
  } else {
    out_say(
        &c->out,
        "The library %s is as it was in %s. `quire runs --status unfinished` lists what was under way; `quire serve` continues it."
        " Keys are never in a backup.",
        c->library, file);
    say_missing(c, missing, others);
  }
  json_decref(others);
  json_decref(missing);
  return EXIT_DONE;
}

/* ---- prune */

static enum err read_count(struct cli *c, const char *option, int64_t *out, struct error *e) {
  const char *text = options_get(&c->options, option);
  char *end = NULL;
  if (!text) return OK;
  errno = 0;
  *out = strtoll(text, &end, 10);
  if (errno || end == text || *end || *out < 0)
    return err_set(e, ERR_INVALID, "--%s %s: this is not a number", option, text);
  return OK;
}

static void say_counts(const struct cli *c, const json_t *n, const char *verb) {
  out_say(&c->out,
          "%s %lld journal entries, %lld events, the texts of %lld calls; %lld contents with %.1f MB.", verb,
          (long long)jsonx_int(n, "journal", 0), (long long)jsonx_int(n, "events", 0),
          (long long)jsonx_int(n, "calls", 0), (long long)jsonx_int(n, "blobs", 0),
          (double)jsonx_int(n, "bytes", 0) / 1e6);
}

int cli_prune(struct cli *c) {
  struct error e = {0};
  int64_t older = -1, keep = 0;
  bool dry_run = options_has(&c->options, "dry-run");
  enum err err = request_duration(c, "older", &older, &e);
  if (err == OK) err = read_count(c, "keep", &keep, &e);
  if (err != OK) return cli_fail(c, &e);
  if (older < 0) older = PRUNE_DAYS * DAY_MS;
  json_t *request = json_pack("{s:I, s:I, s:b}", "older_ms", (json_int_t)older, "keep", (json_int_t)keep,
                              "dry_run", dry_run);
  struct act a = {.kind = ACT_PRUNE, .request = request};
  err = act_do(c, &a, &e);
  json_decref(request);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(json_incref(a.answer));
  } else {
    long long runs = jsonx_int(a.answer, "runs", 0);
    out_line(dry_run ? "%lld run%s would go." : "%lld run%s gone.", runs, runs == 1 ? "" : "s");
    if (runs) say_counts(c, a.answer, dry_run ? "With" : "With them went");
  }
  act_close(&a, 0);
  return EXIT_DONE;
}

/* ---- project delete */

int cli_project_delete(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_PROJECT_DELETE, .project = c->args[0]};
  enum err err = result_project_there(c, a.project, &e);
  if (err == OK) err = act_do(c, &a, &e);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(json_incref(a.answer));
  } else {
    long long documents = jsonx_int(a.answer, "artifacts", 0), runs = jsonx_int(a.answer, "runs", 0);
    out_line("The project %s is gone: %lld document%s and %lld run%s.", a.project, documents,
             documents == 1 ? "" : "s", runs, runs == 1 ? "" : "s");
    say_counts(c, a.answer, "With it went");
  }
  act_close(&a, 0);
  return EXIT_DONE;
}

/* ---- sweep */

int cli_sweep(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_SWEEP};
  if (act_do(c, &a, &e) != OK) return cli_fail(c, &e);
  long long found = jsonx_int(a.answer, "found", 0);
  if (c->out.json)
    out_json(json_incref(a.answer));
  else if (found)
    out_line("%lld run%s had stopped moving; `quire logs` of each says what was done.", found,
             found == 1 ? "" : "s");
  else
    out_line("All runs move.");
  act_close(&a, 0);
  return EXIT_DONE;
}
