/* cli_setup.c - a first quire.lua: one provider, one model for all roles, and the key in a file that only its owner can read.
 *
 *   cli_setup -> read_wishes (arguments) -> read_key -> refuse what is there -> write key, write quire.lua -> load it as a check
 *
 * Asks nothing that it was not told to ask: without --key-from no key is read, and standard input is not touched. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"

enum { KEY_MOST = 4096, NAME_MOST = 40 };

struct wishes {
  char *provider;       /* of PROVIDER/MODEL */
  const char *model;    /* PROVIDER/MODEL */
  const char *base_url; /* or NULL: the provider is one that Quire knows */
  const struct llm_provider *known;
  char *key; /* or NULL */
  char *key_path, *path;
};

static void release(struct wishes *w) {
  if (w->key) explicit_bzero(w->key, strlen(w->key));
  free(w->key);
  free(w->provider);
  free(w->key_path);
  free(w->path);
}

/* ---- what is wanted */

static const struct llm_provider *find_provider(const struct config *c, const char *name) {
  for (size_t i = 0; i < c->llm.n_providers; i++)
    if (strcmp(c->llm.providers[i].name, name) == 0) return &c->llm.providers[i];
  return NULL;
}

static enum err no_provider(const struct config *c, const char *name, struct error *e) {
  const char **names = mem_alloc((c->llm.n_providers + 1) * sizeof *names);
  for (size_t i = 0; i < c->llm.n_providers; i++) names[i] = c->llm.providers[i].name;
  const char *near = text_nearest(name, names);
  err_set(e, ERR_CONFIG, "there is no provider '%s'", name);
  err_hint(
      e,
      near
          ? "did you mean '%s'? Another server that speaks OpenAI's dialect needs --base-url http://HOST:PORT/v1"
          : "a server that speaks OpenAI's dialect needs --base-url http://HOST:PORT/v1",
      near);
  free(names);
  return ERR_CONFIG;
}

static bool plain_name(const char *s) {
  size_t n = strlen(s);
  if (n == 0 || n > NAME_MOST) return false;
  for (; *s; s++)
    if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_' && *s != '-') return false;
  return true;
}

static bool plain_text(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s <= ' ' || *s == '"' || *s == '\\' || (unsigned char)*s >= 0x7f) return false;
  return true;
}

static enum err read_wishes(struct cli *c, struct wishes *w, struct error *e) {
  w->model = c->args[0];
  const char *slash = strchr(w->model, '/');
  if (!slash || !slash[1] || !plain_text(w->model))
    return err_set(e, ERR_INVALID,
                   "'%s' is not a model; models are named PROVIDER/NAME, like openai/gpt-5-mini", w->model);
  w->provider = mem_dup_n(w->model, (size_t)(slash - w->model));
  if (!plain_name(w->provider))
    return err_set(e, ERR_INVALID,
                   "'%s' is not a valid provider name; that is lower case letters, digits, - and _",
                   w->provider);
  w->base_url = options_get(&c->options, "base-url");
  bool is_url =
      w->base_url && (strncmp(w->base_url, "http://", 7) == 0 || strncmp(w->base_url, "https://", 8) == 0);
  if (w->base_url && !(is_url && plain_text(w->base_url)))
    return err_set(e, ERR_INVALID, "--base-url must be like https://HOST/v1, not '%s'", w->base_url);
  w->known = find_provider(&c->config, w->provider);
  return w->known || w->base_url ? OK : no_provider(&c->config, w->provider, e);
}

/* quire.lua names the key's file, so its path must hold from everywhere. */
static enum err find_place(struct cli *c, struct wishes *w, struct error *e) {
  enum err err = file_mkdirs(c->library, 0700, e);
  if (err != OK) return err;
  char *library = realpath(c->library, NULL);
  if (!library) return err_errno(e, errno, "cannot find %s", c->library);
  w->path = mem_printf("%s/quire.lua", library);
  w->key_path = mem_printf("%s/keys/%s", library, w->provider);
  free(library);
  return OK;
}

/* ---- the key */

static enum err read_key(struct cli *c, struct wishes *w, struct error *e) {
  const char *from = options_get(&c->options, "key-from");
  struct buf b;
  if (!from) return OK;
  if (strcmp(from, "-") == 0 && isatty(0)) out_say(&c->out, "Paste the key, then press Enter and Ctrl-D:");
  buf_init(&b, KEY_MOST);
  enum err err = buf_read_file(&b, from, e);
  while (b.len && strchr(" \t\r\n", b.data[b.len - 1])) b.data[--b.len] = '\0';
  if (err == OK && (b.len == 0 || strlen(b.data) != b.len || !plain_text(b.data)))
    err = err_set(e, ERR_INVALID, "%s holds no key: one line of letters, digits and signs",
                  strcmp(from, "-") == 0 ? "standard input" : from);
  if (err == OK) w->key = mem_dup(b.data);
  if (b.len) explicit_bzero(b.data, b.len);
  buf_release(&b);
  return err;
}

/* ---- writing */

static enum err put_aside(struct cli *c, const struct wishes *w, struct error *e) {
  if (access(w->path, F_OK) != 0) return OK;
  if (!options_has(&c->options, "replace")) {
    err_set(e, ERR_CONFLICT, "%s is there already and stays as it is", w->path);
    err_hint(e, "edit it, or use --replace, which keeps it as quire.lua.old");
    return ERR_CONFLICT;
  }
  char *old = mem_printf("%s.old", w->path);
  enum err err = rename(w->path, old) == 0 ? OK : err_errno(e, errno, "cannot rename %s to %s", w->path, old);
  free(old);
  return err;
}

static char *settings_text(const struct wishes *w) {
  struct buf b;
  buf_init(&b, MAX_SCRIPT_BYTES);
  buf_puts(
      &b,
      "-- Settings of this library. It is data: a table, nothing else. `quire config show --origin` lists all settings.\nreturn {\n");
  if (w->base_url || w->key) {
    buf_printf(&b, "  providers = {\n    [\"%s\"] = { ", w->provider);
    if (w->base_url) buf_printf(&b, "base_url = \"%s\", ", w->base_url);
    if (w->key) buf_printf(&b, "key_file = [[%s]], ", w->key_path);
    buf_puts(&b, "},\n  },\n");
  }
  buf_printf(
      &b,
      "  roles = { default = \"%s\" },   -- one model for all; or writer = ..., planner = ..., judge = ..., extractor = ...\n}\n",
      w->model);
  return buf_take(&b);
}

/* Nobody else can read what is written here. */
static enum err write_private(const char *path, const char *text, struct error *e) {
  mode_t before = umask(077);
  enum err err = file_write(path, text, strlen(text), e);
  umask(before);
  if (err == OK) chmod(path, 0600);
  return err;
}

static enum err write_all(struct cli *c, const struct wishes *w, struct error *e) {
  char *text = settings_text(w);
  enum err err = put_aside(c, w, e);
  if (err == OK && w->key) err = write_private(w->key_path, w->key, e);
  if (err == OK) err = file_write(w->path, text, strlen(text), e);
  free(text);
  struct config made = {0};
  const struct config_flags flags = {.library = c->library};
  if (err == OK) err = config_load(&flags, &made, e);
  config_release(&made);
  return err;
}

static void tell(struct cli *c, const struct wishes *w) {
  const char *variable = w->known && !w->key && !w->base_url ? w->known->key_env : NULL;
  if (c->out.json) {
    out_json(json_pack("{s:s, s:s, s:s?}", "file", w->path, "model", w->model, "key_file",
                       w->key ? w->key_path : NULL));
    return;
  }
  out_line("%s: all roles use %s.", w->path, w->model);
  if (w->key) out_line("The key is in %s, which only you can read.", w->key_path);
  if (variable && !getenv(variable))
    out_line("It needs a key: export %s=..., or: quire setup %s --key-from - --replace", variable, w->model);
  bool priced = !w->base_url && llm_is_priced(&c->config.llm, w->model);
  out_line("Next: quire doctor\n      quire run generate_book --set brief=@brief.txt%s",
           priced ? " --budget 5" : "");
}

int cli_setup(struct cli *c) {
  struct error e = {0};
  struct wishes w = {0};
  enum err err = cli_config(c, &e);
  if (err == OK) err = read_wishes(c, &w, &e);
  if (err == OK) err = find_place(c, &w, &e);
  if (err == OK) err = read_key(c, &w, &e);
  if (err == OK) err = write_all(c, &w, &e);
  if (err == OK) tell(c, &w);
  release(&w);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
