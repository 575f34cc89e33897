/* cli_doctor.c - is everything there to run? Each check is a row; it adds findings: fine, worth a look, or broken. With --audit the
 * library's promises are checked as well (store/upkeep/audit.h). Reads only, so a living library may be looked at. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/file.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/needs.h"
#include "cli/terminal.h"
#include "acts/commands.h"
#include "llm/probe.h"
#include "store/upkeep/audit.h"
#include "store/runs.h"
#include "store/schema.h"
#include "store/upkeep/tally.h"

#define YEAR_2024_MS INT64_C(1704067200000)
enum { NAMED_RUNS = 10, LOW_TIMES = 2 };

enum finding { FINE, LOOK, BROKEN };
static const char *const finding_names[] = {"ok", "warning", "broken"};

struct doctor {
  struct cli *c;
  json_t *findings;
  int broken;
};

static void found(struct doctor *d, enum finding what, const char *check, const char *hint, const char *fmt,
                  ...) __attribute__((format(printf, 5, 6)));
static void found(struct doctor *d, enum finding what, const char *check, const char *hint, const char *fmt,
                  ...) {
  static const enum style styles[] = {STYLE_NONE, STYLE_YELLOW, STYLE_RED};
  struct error text = {0};
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text.message, sizeof text.message, fmt, ap);
  va_end(ap);
  d->broken += what == BROKEN;
  json_array_append_new(d->findings,
                        json_pack("{s:s, s:s, s:o, s:o}", "check", check, "state", finding_names[what],
                                  "text", view_text(text.message), "hint", view_text(hint)));
  if (d->c->out.json || (d->c->out.quiet && what == FINE)) return;
  out_line("%s%-8s%s %-10s %s", terminal_style(stdout, styles[what]), finding_names[what],
           terminal_style(stdout, STYLE_NONE), check, text.message);
  if (hint && *hint) out_line("                    %s", hint);
}

static void found_error(struct doctor *d, enum finding what, const char *check, const struct error *e) {
  found(d, what, check, e->hint, "%s", e->message);
}

/* ---- the directory and the disk */

static bool library_exists(const struct doctor *d) {
  struct error ignored = {0};
  return cli_library_there(d->c, &ignored) == OK;
}

static void check_library(struct doctor *d) {
  struct stat st;
  const char *dir = d->c->library;
  if (stat(dir, &st) != 0 || !library_exists(d)) {
    found(d, LOOK, "library", "`quire run` and `quire serve` make one; --library DIR names another",
          "there is no library in %s yet", dir);
    return;
  }
  if (access(dir, W_OK | X_OK) != 0) {
    found(d, BROKEN, "library", "it must belong to the user who runs quire", "%s cannot be written: %s", dir,
          strerror(errno));
    return;
  }
  if (st.st_mode & 077)
    found(d, LOOK, "library", "chmod 700 keeps other users out", "%s can be read by other users", dir);
  else
    found(d, FINE, "library", NULL, "%s is there and can be written", dir);
}

static void check_disk(struct doctor *d) {
  struct error e = {0};
  struct stat st;
  const char *dir = stat(d->c->library, &st) == 0 ? d->c->library : ".";
  int64_t free_now = file_room(dir), least = d->c->configured ? d->c->config.engine.free_least : 0;
  if (library_check_filesystem(dir, &e) != OK)
    found_error(d, BROKEN, "disk", &e);
  else if (free_now >= 0 && free_now < least)
    found(d, BROKEN, "disk", "make room (`quire prune`), or set limits.free_mb in quire.lua",
          "only %lld MB are free, less than limits.free_mb = %lld: no new run begins",
          (long long)(free_now >> 20), (long long)(least >> 20));
  else if (free_now >= 0 && free_now < LOW_TIMES * least)
    found(d, LOOK, "disk", "below that no new run begins", "only %lld MB are free; limits.free_mb is %lld",
          (long long)(free_now >> 20), (long long)(least >> 20));
  else
    found(d, FINE, "disk", NULL, "a local file system with %lld MB free", (long long)(free_now >> 20));
}

static void check_database(struct doctor *d) {
  struct error e = {0};
  if (!library_exists(d)) return;
  if (cli_reader(d->c, &e) != OK) {
    found_error(d, BROKEN, "database", &e);
    return;
  }
  char *path = mem_printf("%s/quire.db", d->c->library), *spool = mem_printf("%s/spool", d->c->library);
  struct stat st = {0}, spooled = {0};
  stat(path, &st);
  found(d, FINE, "database", NULL, "schema %d, %.1f MB", schema_version(), (double)st.st_size / 1e6);
  if (stat(spool, &spooled) == 0 && spooled.st_size > 100)
    found(d, LOOK, "database", "the next `quire serve` or `quire run` brings them in",
          "changes lie in the spool: the database could not be written when they came");
  free(path);
  free(spool);
}

/* ---- owner and runs */

static void check_owner(struct doctor *d) {
  struct library_owner o;
  struct error e = {0};
  enum client_end end;
  json_t *answer = NULL;
  if (library_get_owner(d->c->library, &o, &e) != OK) {
    found(d, FINE, "owner", NULL, "no host owns the library now");
    return;
  }
  e = (struct error){0};
  const char *where = o.foreign ? " of another container" : "";
  if (!*o.address)
    found(d, LOOK, "owner", "it may be starting, or stopped (Ctrl-Z); `--take-over` ends it",
          "process %d%s owns the library and does not listen", (int)o.pid, where);
  else if (client_call(&o, "GET", "/healthz", NULL, &answer, &end, &e) != OK && o.foreign)
    found(d, LOOK, "owner", "its address is one of that container's: ask it there",
          "process %d%s (quire %s) owns the library; http://%s cannot be reached from here", (int)o.pid,
          where, o.command, o.address);
  else if (e.code != OK)
    found_error(d, LOOK, "owner", &e);
  else
    found(d, FINE, "owner", NULL, "process %d%s (quire %s) at http://%s", (int)o.pid, where, o.command,
          o.address);
  json_decref(answer);
  answer = NULL;
  if (*o.address && e.code == OK && client_call(&o, "GET", "/readyz", NULL, &answer, &end, &e) != OK)
    found(d, LOOK, "owner", "http://ADDRESS/readyz says why", "it starts no new runs now");
  json_decref(answer);
}

struct interrupted {
  int n;
  struct buf ids;
};

static void note_interrupted(void *arg, const struct run_row *r) {
  struct interrupted *i = arg;
  if (r->status == RUN_WAITING) return;
  if (i->n++ < NAMED_RUNS) buf_printf(&i->ids, "%s%lld", i->ids.len ? ", " : "", (long long)r->id);
}

static void check_runs(struct doctor *d) {
  struct library_owner o;
  struct error e = {0};
  if (!d->c->reader) return;
  struct interrupted i = {0};
  buf_init(&i.ids, 1000);
  struct db *db = store_reader(d->c->reader);
  enum err err = runs_each(db, &(struct run_filter){.unfinished = true}, note_interrupted, &i);
  store_reader_release(d->c->reader, db);
  bool owned = library_get_owner(d->c->library, &o, &e) == OK;
  if (err != OK)
    found(d, BROKEN, "runs", NULL, "the runs cannot be read");
  else if (i.n && !owned)
    found(d, LOOK, "runs", "`quire serve` continues all of them, `quire resume N` one",
          "%d interrupted: %s%s", i.n, i.ids.data, i.n > NAMED_RUNS ? ", ..." : "");
  else
    found(d, FINE, "runs", NULL, i.n ? "%d under way" : "none is interrupted", i.n);
  buf_release(&i.ids);
}

/* ---- configuration, scripts, providers */

static void check_config(struct doctor *d) {
  struct error e = {0};
  if (cli_config(d->c, &e) != OK)
    found_error(d, BROKEN, "settings", &e);
  else
    found(d, FINE, "settings", NULL, "quire.lua and the environment are understood");
}

static void check_scripts(struct doctor *d) {
  struct error e = {0};
  struct script_set *set = NULL;
  if (!d->c->configured) return;
  if (commands_gather(d->c->config.script_dirs, NULL, NULL, &set, &e) != OK) {
    found_error(d, BROKEN, "scripts", &e);
    return;
  }
  found(d, FINE, "scripts", NULL, "%zu files compile", script_set_count(set));
  script_set_unref(set);
}

/* It is asked which models it has: is it there, does it take the key, how long does that take? Costs nothing. */
static void ask_provider(struct doctor *d, const struct llm_provider *p, bool used) {
  struct error e = {0};
  json_t *answer = NULL;
  enum err err = probe_provider(&d->c->config.llm, p->name, &answer, &e);
  size_t n = json_array_size(json_object_get(answer, "models"));
  const char *hint =
      *e.hint           ? e.hint
      : err == ERR_AUTH ? "make a new key, and set it"
      : err == ERR_CONFIG
          ? "its adapter has no `probe`: `quire provider test PROVIDER/MODEL` asks for one word"
          : "start it, or look at its base_url in quire.lua; until then runs wait for it";
  if (err != OK)
    found(d, used && err != ERR_CONFIG ? BROKEN : LOOK, "provider", hint, "%s: %s", p->name, e.message);
  else
    found(d, n ? FINE : LOOK, "provider", n ? NULL : "load one, and look again",
          "%s: answers in %lld ms%s, with %zu model%s", p->name, (long long)jsonx_int(answer, "ms", 0),
          p->key_env || p->key_file || p->key_command ? " and takes the key" : "", n, n == 1 ? "" : "s");
  json_decref(answer);
}

static void check_providers(struct doctor *d) {
  if (!d->c->configured) return;
  const struct llm_settings *s = &d->c->config.llm;
  for (size_t i = 0; i < s->n_providers; i++) {
    const struct llm_provider *p = &s->providers[i];
    bool used = needs_provider(s, p->name);
    size_t n;
    char why[300];
    if (!s->adapter_source(s->adapter_arg, p->adapter, &n))
      found(d, used ? BROKEN : LOOK, "provider", "scripts/providers/ADAPTER.lua, in the library or shipped",
            "%s: there is no adapter '%s'", p->name, p->adapter);
    else if (needs_key(p, why, sizeof why))
      found(d, used ? BROKEN : FINE, "provider", NULL, "%s: %s%s", p->name, why,
            used ? "" : " (no role names it)");
    else if (options_has(&d->c->options, "probe") && (used || client_reaches(p->base_url)))
      ask_provider(d, p, used);
    else {
      char *url = secret_url(p->base_url, true);
      if (used && !client_reaches(p->base_url))
        found(d, LOOK, "provider",
              "start it, or look at its base_url in quire.lua; until then runs wait for it",
              "%s: nobody answers at %s", p->name, url);
      else
        found(d, FINE, "provider", NULL, "%s: %s%s", p->name, url, used ? "" : " (no role names it)");
      free(url);
    }
  }
  for (size_t r = 0; r < s->n_roles; r++)
    for (size_t m = 0; m < s->roles[r].n_models; m++) {
      size_t i = 0, n = strcspn(s->roles[r].models[m], "/");
      while (i < s->n_providers &&
             (strncmp(s->providers[i].name, s->roles[r].models[m], n) != 0 || s->providers[i].name[n]))
        i++;
      if (i == s->n_providers)
        found(d, BROKEN, "provider", "add it to providers in quire.lua",
              "role %s asks for %s, and there is no such provider", s->roles[r].name, s->roles[r].models[m]);
    }
}

/* ---- programs, clock */

static bool on_path(const char *program) {
  const char *path = getenv("PATH");
  bool there = false;
  for (const char *p = path ? path : ""; *p && !there;) {
    size_t n = strcspn(p, ":");
    char *file = mem_printf("%.*s/%s", (int)n, p, program);
    there = access(file, X_OK) == 0;
    free(file);
    p += n + (p[n] == ':');
  }
  return there;
}

static void check_programs(struct doctor *d) {
  static const struct {
    const char *program, *package, *why;
  } optional[] = {{"rsvg-convert", "librsvg2-bin", "turns a cover into an image"},
                  {"epubcheck", "epubcheck", "judges EPUB files"}};
  for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
    bool there = on_path(optional[i].program);
    char hint[100] = "";
    if (!there) snprintf(hint, sizeof hint, "optional: apt-get install %s", optional[i].package);
    found(d, FINE, "program", hint, "%s (%s) %s", optional[i].program, optional[i].why,
          there ? "is there" : "is not installed");
  }
}

static int64_t newest_time(struct doctor *d) {
  int64_t newest = 0;
  if (!d->c->reader) return 0;
  struct db *db = store_reader(d->c->reader);
  if (tally_newest_ms(db, &newest) != OK) newest = 0;
  store_reader_release(d->c->reader, db);
  return newest;
}

static void check_clock(struct doctor *d) {
  struct timex t = {0};
  int64_t now = clock_wall_ms(), newest = newest_time(d);
  int state = adjtimex(&t);
  char at[40];
  if (now < YEAR_2024_MS)
    found(d, BROKEN, "clock", "set the clock: systemctl start systemd-timesyncd", "it says %s",
          view_time(now, at));
  else if (newest > now + 60000)
    found(d, LOOK, "clock", "the clock was set back; ages and waits look wrong until it has caught up",
          "the newest entry of the library is from the future (%s)", view_time(newest, at));
  else if (state == TIME_ERROR || (state >= 0 && (t.status & STA_UNSYNC)))
    found(d, FINE, "clock", NULL, "%s; not synchronised (NTP off)", view_time(now, at));
  else
    found(d, FINE, "clock", NULL, "%s", view_time(now, at));
}

/* ---- the audit */

struct breaches {
  struct doctor *d;
  json_t *list;
};

static void tell_breach(void *arg, const char *rule, int64_t run, const char *explanation) {
  struct breaches *b = arg;
  json_array_append_new(b->list, json_pack("{s:s, s:o, s:o}", "rule", rule, "run",
                                           run ? json_integer(run) : json_null(), "explanation",
                                           view_text(explanation)));
  if (!b->d->c->out.json) out_line("breach   %-10s %s", rule, explanation);
}

static json_t *audit(struct doctor *d) {
  struct breaches b = {d, json_array()};
  int n = 0;
  struct error e = {0};
  if (!d->c->reader) return b.list;
  struct db *db = store_reader(d->c->reader);
  enum err err =
      audit_run_with(db, &(struct audit_options){.all_blobs = true, .integrity = true}, tell_breach, &b, &n);
  if (err != OK) db_error(db, &e);
  store_reader_release(d->c->reader, db);
  if (err != OK)
    found(d, BROKEN, "audit", e.hint, "the library could not be read to the end: %s", e.message);
  else if (n)
    found(d, BROKEN, "audit", "`quire backup` what is there before anything else",
          "%d breach%s of the library's promises", n, n == 1 ? "" : "es");
  else
    found(d, FINE, "audit", NULL, "every promise of the library holds");
  return b.list;
}

int cli_doctor(struct cli *c) {
  static void (*const checks[])(struct doctor *) = {
      check_config, check_library, check_disk,      check_database, check_owner,
      check_runs,   check_scripts, check_providers, check_clock,    check_programs};
  struct doctor d = {.c = c, .findings = json_array()};
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) checks[i](&d);
  json_t *breaches = options_has(&c->options, "audit") ? audit(&d) : NULL;
  if (c->out.json) {
    json_t *doc = json_pack("{s:b, s:o}", "ok", d.broken == 0, "checks", d.findings);
    if (breaches) json_object_set_new(doc, "breaches", breaches);
    out_json(doc);
  } else {
    json_decref(d.findings);
    json_decref(breaches);
  }
  return d.broken ? EXIT_FAILED : EXIT_DONE;
}
