/* cli_provider_check.c - `quire provider check`: a provider's script against what the host relies on, for who writes one. Reads only; asks nobody. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/request.h"
#include "cli/terminal.h"
#include "llm/adapter_check.h"

struct looking {
  struct cli *c;
  const char *name;
  struct buf text; /* of the script, when it is a file */
  json_t *sample;
  json_t *list;
  int kept, broken, unknown;
};

static const char *source(void *arg, const char *name, size_t *n) {
  struct looking *l = arg;
  if (l->text.len && strcmp(name, l->name) == 0) {
    *n = l->text.len;
    return l->text.data;
  }
  const struct llm_settings *s = &l->c->config.llm;
  return s->adapter_source(s->adapter_arg, name, n);
}

static void told(void *arg, const struct promise *p) {
  static const char *const words[] = {"right", "wrong", "unknown"};
  static const enum style styles[] = {STYLE_NONE, STYLE_RED, STYLE_YELLOW};
  struct looking *l = arg;
  l->kept += p->state == PROMISE_KEPT;
  l->broken += p->state == PROMISE_BROKEN;
  l->unknown += p->state == PROMISE_UNKNOWN;
  const char *cure = p->state == PROMISE_BROKEN ? p->cure : "";
  json_array_append_new(l->list,
                        json_pack("{s:s, s:s, s:s, s:o, s:s}", "about", p->about, "promise", p->what, "state",
                                  words[p->state], "seen", view_text(p->seen), "cure", cure));
  if (l->c->out.json || (l->c->out.quiet && p->state == PROMISE_KEPT)) return;
  out_line("%s%-7s%s %-8s %s", terminal_style(stdout, styles[p->state]), words[p->state],
           terminal_style(stdout, STYLE_NONE), p->about, p->what);
  if (*p->seen) out_line("                 seen: %s", p->seen);
  if (*cure) out_line("                 do:   %s", cure);
}

/* What has a slash or ends like a script is a file; any other word names a script that the library, the checkout or the binary has. */
static enum err read_script(struct looking *l, char **name, struct error *e) {
  const char *given = l->c->args[0];
  size_t n = strlen(given);
  bool file = strchr(given, '/') || (n > 4 && strcmp(given + n - 4, ".lua") == 0);
  const char *slash = strrchr(given, '/'), *base = slash ? slash + 1 : given;
  *name = mem_dup_n(base, strlen(base) - (file && n > 4 && strcmp(given + n - 4, ".lua") == 0 ? 4 : 0));
  l->name = *name;
  return file ? request_file(given, "the provider's script", true, &l->text, e) : OK;
}

static enum err read_sample(struct looking *l, struct error *e) {
  const char *path = options_get(&l->c->options, "sample");
  struct buf text;
  if (!path) return OK;
  buf_init(&text, MAX_SCRIPT_BYTES);
  enum err err = request_file(path, "--sample", true, &text, e);
  char *chunk = mem_printf("@%s", path);
  if (err == OK) err = adapter_sample_read(text.data, text.len, chunk, &l->sample, e);
  if (err == OK && !jsonx_str(l->sample, "stream", NULL)) {
    err = err_set(e, ERR_INVALID,
                  "--sample %s: it must return { stream = what came, text = what it says, ... }", path);
    err_hint(e, "scripts/providers/README.md shows one");
  }
  free(chunk);
  buf_release(&text);
  return err;
}

static enum err look(struct looking *l, struct error *e) {
  struct adapter_sample sample = {.stream = jsonx_str(l->sample, "stream", NULL),
                                  .text = jsonx_str(l->sample, "text", ""),
                                  .input = jsonx_int(l->sample, "input", 0),
                                  .output = jsonx_int(l->sample, "output", 0)};
  return adapter_check(l->name, source, l, &sample, told, l, e);
}

static void say_sum(struct looking *l) {
  if (l->c->out.json)
    out_json(json_pack("{s:b, s:s, s:O}", "ok", l->broken == 0, "script", l->name, "promises", l->list));
  else
    out_say(&l->c->out, "%d right, %d wrong, %d unknown.", l->kept, l->broken, l->unknown);
}

int cli_provider_check(struct cli *c) {
  struct error e = {0};
  struct looking l = {.c = c, .list = json_array()};
  char *name = NULL;
  buf_init(&l.text, MAX_SCRIPT_BYTES);
  enum err err = cli_config(c, &e);
  if (err == OK) err = read_script(&l, &name, &e);
  if (err == OK) err = read_sample(&l, &e);
  if (err == OK) err = look(&l, &e);
  if (err == OK) say_sum(&l);
  buf_release(&l.text);
  json_decref(l.sample);
  json_decref(l.list);
  free(name);
  if (err != OK) return cli_fail(c, &e);
  return l.broken ? EXIT_FAILED : EXIT_DONE;
}
