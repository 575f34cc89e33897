/* result.c - results. A pipeline returns what it likes: fields become lines, lists of files one line each. */
#include "cli/result.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/terminal.h"
#include "store/projects.h"

/* ---- values */

/* "word_count" -> "Word count" */
static char *name_of(const char *key) {
  char *name = mem_dup(key);
  for (char *p = name; *p; p++) *p = (char)(p == name ? toupper((unsigned char)*p) : *p == '_' ? ' ' : *p);
  return name;
}

static char *text_of(const json_t *v) {
  const char *words = json_is_object(v) ? jsonx_str(v, "path", NULL) : json_string_value(v);
  if (words) return mem_dup(words);
  char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
  return text ? text : mem_dup("?");
}

static void print_scalar(const char *before, const json_t *v) {
  char *text = text_of(v);
  out_line("%s%s", before, text);
  free(text);
}

/* One line of a list. What has a title and files of its own, such as a book of a series, is its title with the files below. */
static void print_item(const json_t *v) {
  const json_t *files = json_object_get(v, "files");
  size_t i;
  json_t *file;
  if (!json_is_string(json_object_get(v, "title")) || !json_is_array(files)) {
    print_scalar("  ", v);
    return;
  }
  out_line("  %s", jsonx_str(v, "title", ""));
  json_array_foreach((json_t *)(uintptr_t)files, i, file) {
    print_scalar("    ", file);
  }
}

static void print_field(const char *key, const json_t *v) {
  size_t i;
  json_t *item;
  if (json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0)) return;
  char *name = name_of(key), *text = json_is_array(v) ? NULL : text_of(v);
  out_line("%s:%s%s", name, text ? " " : "", text ? text : "");
  json_array_foreach((json_t *)(uintptr_t)v, i, item) {
    print_item(item);
  }
  free(name);
  free(text);
}

void result_print_value(const json_t *v) {
  const char *key;
  json_t *item;
  size_t i;
  if (json_is_null(v)) return;
  if (!json_is_object(v) && !json_is_array(v)) print_scalar("", v);
  json_object_foreach((json_t *)(uintptr_t)v, key, item) {
    print_field(key, item);
  }
  json_array_foreach((json_t *)(uintptr_t)v, i, item) {
    print_scalar("", item);
  }
}

/* ---- the end of a run */

static void say_costs(struct cli *c, const struct run_row *r) {
  char took[40], money[40];
  int64_t begin = r->started_at ? r->started_at : r->created_at;
  out_say(&c->out, "Run %lld completed in %s: %lld model call%s, %s.", (long long)r->id,
          view_duration(r->ended_at - begin, took), (long long)r->calls, r->calls == 1 ? "" : "s",
          view_money(r->cost_nano, r->unpriced_calls, money));
}

/* ---- after a rehearsal: how to do it for real */

static bool listens(int port) {
  struct sockaddr_in a = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* loopback answers at once */
  bool yes = fd >= 0 && connect(fd, (struct sockaddr *)(void *)&a, sizeof a) == 0;
  if (fd >= 0) close(fd);
  return yes;
}

/* The model to suggest: where there is a key, or a local Ollama. Nothing is asked, nothing is spent. */
static const char *found_model(void) {
  enum { OLLAMA_PORT = 11434 };
  const char *openai = getenv("OPENAI_API_KEY"), *router = getenv("OPENROUTER_API_KEY");
  if (openai && *openai) return "openai/gpt-5-mini";
  if (router && *router) return "openrouter/openai/gpt-5-mini";
  if (listens(OLLAMA_PORT)) return "ollama/llama3.1";
  return NULL;
}

static void say_real_model(struct cli *c, const struct run_row *r, const json_t *result) {
  if (!json_is_true(json_object_get(result, "rehearsal"))) return;
  const char *model = found_model();
  out_say(&c->out, "This was a rehearsal. The same brief on a real model%s:",
          model ? "" : ", with OPENAI_API_KEY set");
  if (!model) model = "openai/gpt-5-mini";
  struct error ignored = {0};
  bool priced = cli_config(c, &ignored) == OK && llm_is_priced(&c->config.llm, model);
  out_say(&c->out, "  %s retry %lld --with models --model %s%s", program_invocation_name, (long long)r->id,
          model, priced ? " --budget 5" : "");
}

static void say_failure(struct cli *c, const struct run_row *r) {
  json_t *error = view_parsed(r->error);
  const char *hint = jsonx_str(error, "hint", NULL), *traceback = jsonx_str(error, "traceback", NULL);
  const char *provider = jsonx_str(error, "provider_text", NULL), *phase = jsonx_str(error, "phase", NULL);
  if (provider && strstr(jsonx_str(error, "message", ""), provider)) provider = NULL; /* said already */
  out_line_to(stderr, "%squire:%s run %lld %s%s%s: %s", terminal_style(stderr, STYLE_RED),
              terminal_style(stderr, STYLE_NONE), (long long)r->id, run_status_word(r->status),
              phase ? " in phase " : "", phase ? phase : "",
              jsonx_str(error, "message", "no reason is recorded"));
  if (hint) out_line_to(stderr, "  %s", hint);
  if (provider) out_line_to(stderr, "  the provider said: %s", provider);
  if (traceback && !c->out.quiet) out_line_to(stderr, "%s", traceback);
  out_say(&c->out, "`quire retry %lld%s` starts a new run that keeps its answers.", (long long)r->id,
          state_retry_with(error));
  json_decref(error);
}

static void print_json(struct cli *c, const struct run_row *r, const struct library_owner *owner) {
  json_t *doc = state_json(r, owner, true);
  json_object_set_new(doc, "type", json_string("run"));
  if (c->out.lines)
    out_json_line(doc);
  else
    out_json(doc);
}

void result_say_state(struct cli *c, const struct run_row *r, const struct library_owner *owner) {
  if (c->out.json) {
    print_json(c, r, owner);
    return;
  }
  char *sentence = state_sentence(r, owner);
  out_line_to(stderr, "Run %lld: %s", (long long)r->id, sentence);
  free(sentence);
}

int result_print(struct cli *c, const struct run_row *r) {
  struct library_owner owner, *living = NULL;
  struct error ignored = {0};
  if (library_get_owner(c->library, &owner, &ignored) == OK) living = &owner;
  if (c->out.json) {
    print_json(c, r, living);
  } else if (r->status == RUN_COMPLETED) {
    json_t *result = view_parsed(r->result);
    result_print_value(result);
    say_costs(c, r);
    say_real_model(c, r, result);
    json_decref(result);
  } else if (run_status_ended(r->status)) {
    say_failure(c, r);
  } else {
    result_say_state(c, r, living);
  }
  return exit_of_run(r);
}

/* ---- projects */

static void ignore(void *arg, const struct project_row *row) {
  (void)arg;
  (void)row;
}

enum err result_project_there(struct cli *c, const char *slug, struct error *e) {
  enum err err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = project_find(db, slug, ignore, NULL, e);
  store_reader_release(c->reader, db);
  return err;
}
