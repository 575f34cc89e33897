/* keys.c - keys of providers: from the environment, a file of their own, or a command; and what must not be seen of them.
 *
 * Keys are read at the start and again when one is missing or was refused. A command's key is read when it is needed (key_command.h), on a thread of
 * its own, while the calls that want it wait:
 *
 *   key_await -> ask_command -> (thread: run_command) -> command_ended -> each waiting call goes on
 *
 * Nothing outside this folder sees a key. Loop thread but for llm_read_key. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "llm/internal.h"
#include "llm/key_command.h"

enum { MOST_FILE_BYTES = 4096, LEAST_SECRET_BYTES = 4 };

/* ---- where they are */

static enum err read_key_file(const char *path, char **key, struct error *e) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return err_errno(e, errno, "the key file %s", path);
  struct stat st;
  char text[MOST_FILE_BYTES];
  ssize_t n = -1;
  if (fstat(fd, &st) == 0 && (st.st_mode & 077) == 0) n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n < 0) {
    err_set(e, ERR_AUTH, "the key file %s can be read by others, so it is not used", path);
    err_hint(e, "chmod 600 %s", path);
    return ERR_AUTH;
  }
  while (n > 0 && strchr(" \t\r\n", text[n - 1])) n--;
  *key = n > 0 ? mem_dup_n(text, (size_t)n) : NULL;
  explicit_bzero(text, sizeof text);
  return OK;
}

void key_wipe(char *key) {
  if (key) explicit_bzero(key, strlen(key));
  free(key);
}

enum err key_missing(const struct llm_provider *c, const char *why, struct error *e) {
  err_set(e, ERR_AUTH, "there is no key for provider '%s'%s%s", c->name, *why ? ": " : "", why);
  if (c->key_command)
    err_hint(
        e,
        "its key_command in quire.lua must print the key, or JSON with access_token and expires_in, and end with 0; try it in a shell");
  else if (c->key_env && c->key_file)
    err_hint(e, "set %s, or write the key to %s (mode 0600)%s%s", c->key_env, c->key_file,
             c->hint ? "; " : "", c->hint ? c->hint : "");
  else
    err_hint(e, c->key_env ? "set %s in the environment" : "write the key to %s (mode 0600)",
             c->key_env ? c->key_env : c->key_file);
  return ERR_AUTH;
}

static enum err read_command(const struct llm_provider *c, char **key, struct error *e) {
  struct fresh_key fresh;
  struct error why = {0};
  enum err err = key_command_run(c->key_command, c->key_command_s, -1, &fresh, &why);
  *key = fresh.key;
  return err == OK ? OK : key_missing(c, why.message, e);
}

enum err llm_read_key(const struct llm_provider *c, char **key, struct error *e) {
  const char *from_env = c->key_env ? getenv(c->key_env) : NULL;
  enum err err = OK;
  *key = NULL;
  if (c->key_command) return read_command(c, key, e);
  if (from_env && *from_env) *key = mem_dup(from_env);
  if (!*key && c->key_file) err = read_key_file(c->key_file, key, e);
  if (*key && strpbrk(*key, "\r\n")) {
    key_wipe(*key);
    *key = NULL;
    err = err_set(e, ERR_AUTH, "the key of provider '%s' has a line break in it", c->name);
  }
  return err;
}

bool key_wanted(const struct llm_provider *c) {
  return c->key_env || c->key_file || c->key_command;
}

/* ---- what must not be seen */

static void remember_secret(struct llm *llm, const char *key) {
  for (size_t i = 0; i < llm->n_secrets; i++)
    if (strcmp(llm->secrets[i], key) == 0) return;
  llm->secrets = mem_grow(llm->secrets, (llm->n_secrets + 1) * sizeof *llm->secrets);
  llm->secrets[llm->n_secrets++] = mem_dup(key);
  log_redact(key);
}

/* Is it the key of some provider, or may it still be under way? */
static bool is_held(const struct llm *llm, const char *key) {
  for (size_t i = 0; i < llm->settings->n_providers; i++) {
    const struct provider *p = &llm->providers[i];
    if ((p->key && strcmp(p->key, key) == 0) || (p->key_before && strcmp(p->key_before, key) == 0))
      return true;
  }
  return false;
}

/* A key that later ones have replaced twice: nobody can say it any more. Without this each hour's token would be looked for in all that comes. */
static void forget_secret(struct llm *llm, const char *key) {
  for (size_t i = 0; key && i < llm->n_secrets; i++) {
    if (strcmp(llm->secrets[i], key) != 0) continue;
    log_forget(key);
    key_wipe(llm->secrets[i]);
    llm->secrets[i] = llm->secrets[--llm->n_secrets];
    return;
  }
}

void llm_scrub(const struct llm *llm, char *text, size_t n) {
  for (size_t i = 0; i < llm->n_secrets; i++) {
    size_t len = strlen(llm->secrets[i]);
    if (len < LEAST_SECRET_BYTES) continue;
    for (char *at = text; (at = memmem(at, n - (size_t)(at - text), llm->secrets[i], len));)
      memset(at, '*', len);
  }
}

size_t llm_scrub_live(const struct llm *llm, char *text, size_t n, size_t from) {
  size_t held = 0;
  llm_scrub(llm, text + from, n - from);
  for (size_t i = 0; i < llm->n_secrets; i++) {
    const char *secret = llm->secrets[i];
    size_t len = strlen(secret);
    if (len < LEAST_SECRET_BYTES) continue;
    for (size_t k = n - from < len - 1 ? n - from : len - 1; k > held; k--)
      if (memcmp(text + n - k, secret, k) == 0) held = k;
  }
  return n - held;
}

void llm_scrub_cut(const struct llm *llm, char *text) {
  size_t n = strlen(text), shown = llm_scrub_live(llm, text, n, 0);
  if (n - shown >= LEAST_SECRET_BYTES) text[shown] = '\0';
}

/* ---- the key in use */

static void key_load(struct llm *llm, struct provider *p, struct error *why) {
  if (p->config->key_command) return;
  key_wipe(p->key);
  (void)llm_read_key(p->config, &p->key, why); /* no key: key_missing says why */
  if (p->key) remember_secret(llm, p->key);
  p->key_refused = false;
}

enum err key_need(struct llm *llm, struct provider *p, struct error *e) {
  struct error why = {0};
  if (!key_wanted(p->config) || (p->key && !p->key_refused)) return OK;
  if (p->config->key_command && p->key_serial) return err_set(e, ERR_UNAVAILABLE, "%s", p->key_trouble);
  if (p->config->key_command) return key_missing(p->config, p->key_trouble, e);
  key_load(llm, p, &why);
  return p->key ? OK : key_missing(p->config, why.message, e);
}

void llm_new_key(struct llm *llm, const char *provider) {
  for (size_t i = 0; i < llm->settings->n_providers; i++)
    if (strcmp(llm->settings->providers[i].name, provider) == 0) llm->providers[i].key_refused = true;
}

/* ---- by a command */

struct key_job {
  struct job job;
  struct llm *llm; /* NULL after llm_free */
  struct provider *provider;
  char *command;
  double seconds;
  int stop;
  struct fresh_key fresh;
  enum err err;
  struct error error;
};

static void run_command(struct job *j) {
  struct key_job *k = list_owner(j, struct key_job, job);
  k->err = key_command_run(k->command, k->seconds, k->stop, &k->fresh, &k->error);
}

static void take_fresh(struct llm *llm, struct provider *p, const struct key_job *k) {
  char *ended = p->key_before;
  p->key_before = p->key;
  p->key = mem_dup(k->fresh.key);
  p->key_made_ms = clock_wall_ms();
  p->key_until_ms = k->fresh.until_ms;
  p->key_serial++;
  p->key_refused = false;
  remember_secret(llm, p->key);
  if (ended && !is_held(llm, ended)) forget_secret(llm, ended);
  key_wipe(ended);
}

static void command_ended(struct job *j) {
  struct key_job *k = list_owner(j, struct key_job, job);
  struct provider *p = k->provider;
  if (k->llm) {
    p->asking = NULL;
    if (k->err == OK) take_fresh(k->llm, p, k);
    if (k->err != OK) p->key_refused = true;
    p->key_trouble[0] = '\0';
    if (k->err != OK)
      snprintf(p->key_trouble, sizeof p->key_trouble, "its key_command failed: %.200s", k->error.message);
    if (k->err != OK)
      log_warnx("the key_command of provider '%s' failed: %s", p->config->name, k->error.message);
    for (struct list *node; (node = list_pop_head(&p->waiting));)
      call_kick(list_owner(node, struct call_state, key_wait), call_use_model);
  }
  key_wipe(k->fresh.key);
  free(k->command);
  free(k);
}

static void ask_command(struct llm *llm, struct provider *p) {
  if (!llm->key_thread) {
    llm->key_stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    llm->key_thread = pool_new(llm->loop, 1);
  }
  struct key_job *k = p->asking = mem_alloc(sizeof *k);
  *k = (struct key_job){.job = {.work = run_command, .done = command_ended},
                        .llm = llm,
                        .provider = p,
                        .command = mem_dup(p->config->key_command),
                        .seconds = p->config->key_command_s,
                        .stop = llm->key_stop};
  pool_submit(llm->key_thread, &k->job);
}

static bool is_over(const struct provider *p) {
  return !p->key || p->key_refused || (p->key_until_ms && clock_wall_ms() >= p->key_until_ms);
}

bool key_await(struct call_state *s, struct provider *p) {
  bool asked = s->key_asked;
  s->key_asked = false;
  if (!p->config->key_command || asked || !is_over(p)) return false;
  s->key_asked = true;
  s->stage = AT_KEY;
  list_push_tail(&p->waiting, &s->key_wait);
  if (!p->asking) ask_command(s->llm, p);
  return true;
}

/* A key that was good when it was made is asked for again once: by then the old one has ended. */
bool key_renews(struct call_state *s) {
  struct provider *p = s->provider;
  if (!p->config->key_command || s->key_renewed == s->model + 1) return false;
  s->key_renewed = s->model + 1;
  if (s->key_serial == p->key_serial) p->key_refused = true;
  return true;
}

void keys_open(struct llm *llm) {
  llm->key_stop = -1;
  for (size_t i = 0; i < llm->settings->n_providers; i++) {
    struct error ignored = {0}; /* a missing key matters when it is needed */
    llm->providers[i].config = &llm->settings->providers[i];
    list_init(&llm->providers[i].waiting);
    key_load(llm, &llm->providers[i], &ignored);
  }
}

void keys_close(struct llm *llm) {
  for (size_t i = 0; i < llm->settings->n_providers; i++) {
    struct provider *p = &llm->providers[i];
    if (p->asking) p->asking->llm = NULL;
    key_wipe(p->key);
    key_wipe(p->key_before);
  }
  if (llm->key_thread && eventfd_write(llm->key_stop, 1) != 0)
    log_warn("a key_command may hold the end of this host");
  pool_free(llm->key_thread);
  if (llm->key_stop >= 0) close(llm->key_stop);
  for (size_t i = 0; i < llm->n_secrets; i++) key_wipe(llm->secrets[i]);
  free(llm->secrets);
}
