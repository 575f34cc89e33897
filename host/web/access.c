/* access.c - see access.h. */
#include "web/access.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "store/settings.h"

#define COOKIE "quire_session"

enum {
  SESSION_DAYS = 30,
  SEEN_EVERY_MS = 3600000, /* a session's row is not written more often */
  CLIENTS = 64,            /* whose failed attempts are remembered, newest first */
  FAILURES_OF_ONE = 5,     /* within a minute */
  FAILURES_OF_ALL = 30,
  FAILURE_MS = 60000
};

struct failure {
  char client[48];
  int64_t at_ms;
};

struct access {
  struct store *store;
  char *owner_token, *base;
  char **trusted;
  bool far;    /* it can be reached from other machines */
  bool secure; /* browsers reach it by https */
  pthread_mutex_t lock;
  struct failure failures[CLIENTS];
  unsigned n_failures;
};

enum right { RIGHT_NONE = 0, RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_METRICS = 4, RIGHT_ALL = 7 };

/* ---- what the library knows */

static char *password_of(struct access *x) {
  char *hash = NULL;
  struct db *db = store_reader(x->store);
  enum err err = db ? setting_get(db, "password", &hash) : ERR_IO;
  store_reader_release(x->store, db);
  /* A library that cannot be read has a password that nobody knows. */
  return err == OK ? hash : err == ERR_NOT_FOUND ? NULL : mem_dup("*");
}

bool access_needs_password(struct access *x) {
  char *hash = password_of(x);
  bool needed = hash != NULL;
  free(hash);
  return needed;
}

static enum right rights_of_scopes(const char *scopes) {
  enum right rights = RIGHT_NONE;
  if (strstr(scopes, "read")) rights |= RIGHT_READ | RIGHT_METRICS;
  if (strstr(scopes, "write")) rights |= RIGHT_READ | RIGHT_WRITE | RIGHT_METRICS;
  if (strstr(scopes, "metrics")) rights |= RIGHT_METRICS;
  return rights;
}

struct token {
  char sha[SHA_HEX];
  enum right rights;
};

/* "SHA scopes": see command_token_new. */
static void match_token(void *arg, const char *key, const char *value) {
  struct token *t = arg;
  (void)key;
  char sha[SHA_HEX] = "";
  snprintf(sha, sizeof sha, "%.64s", value);
  if (strlen(value) > 65 && secret_same(sha, t->sha)) t->rights = rights_of_scopes(value + 65);
}

static enum right rights_of_token(struct access *x, const char *token) {
  if (secret_same(token, x->owner_token)) return RIGHT_ALL;
  struct token t = {.rights = RIGHT_NONE};
  sha256_hex(token, strlen(token), t.sha);
  struct db *db = store_reader(x->store);
  if (db) settings_each(db, "token:", match_token, &t);
  store_reader_release(x->store, db);
  return t.rights;
}

/* ---- sessions */

static void free_op(struct store_op *op) {
  free(op);
}

static void note_seen(struct access *x, const char *id) {
  struct op_session *op = mem_alloc(sizeof *op);
  op->op = (struct store_op){.kind = &op_session_kind, .done = free_op};
  op->what = SESSION_SEEN;
  snprintf(op->id, sizeof op->id, "%s", id);
  op->expires_at = clock_wall_ms() + (int64_t)SESSION_DAYS * 86400000;
  store_post(x->store, &op->op);
}

static bool session_lives(struct access *x, struct request *q) {
  const char *cookie = request_cookie(q, COOKIE);
  char id[SHA_HEX];
  int64_t seen = 0, now = clock_wall_ms();
  if (!cookie || strlen(cookie) != SECRET_TOKEN - 1) return false;
  sha256_hex(cookie, strlen(cookie), id);
  struct db *db = store_reader(x->store);
  bool lives = db && session_get(db, id, now, &seen) == OK;
  store_reader_release(x->store, db);
  if (lives && now - seen > SEEN_EVERY_MS) note_seen(x, id);
  return lives;
}

/* ---- one request */

/* NULL: none was sent. What is of another scheme is for a proxy before us, not for us. */
static const char *bearer_of(const struct request *q) {
  const char *given = request_header(q, "Authorization");
  return given && strncasecmp(given, "Bearer ", 7) == 0 ? given + 7 + strspn(given + 7, " ") : NULL;
}

static enum right rights_of(struct access *x, struct request *q) {
  const char *token = bearer_of(q);
  if (token) return rights_of_token(x, token);
  return !access_needs_password(x) || session_lives(x, q) ? RIGHT_ALL : RIGHT_NONE;
}

bool access_signed_in(struct access *x, struct request *q) {
  return rights_of(x, q) & RIGHT_READ;
}

bool access_is_owner(struct access *x, struct request *q) {
  const char *token = bearer_of(q);
  return token && secret_same(token, x->owner_token);
}

static enum right right_for(const struct access *x, enum scope scope) {
  switch (scope) {
  case SCOPE_OPEN: return RIGHT_NONE;
  case SCOPE_WRITE: return RIGHT_WRITE;
  case SCOPE_METRICS: return x->far ? RIGHT_METRICS : RIGHT_NONE;
  default: return RIGHT_READ;
  }
}

static bool changes(const struct request *q) {
  const char *m = request_method(q);
  return strcmp(m, "GET") != 0 && strcmp(m, "HEAD") != 0;
}

/* What no form and no link of another page can send. */
static bool from_our_page(struct request *q, struct response *a) {
  const char *type = request_header(q, "Content-Type");
  if (!request_header(q, "X-Quire-Csrf")) {
    response_fail(a, 403, "csrf", "a change without a token needs the header X-Quire-Csrf",
                  "send X-Quire-Csrf: 1, or Authorization: Bearer TOKEN");
    return false;
  }
  if (type && strncasecmp(type, "application/json", 16) != 0) {
    response_fail(a, 415, "not_json", "the body must be JSON", "send Content-Type: application/json");
    return false;
  }
  return true;
}

static bool refuse(const struct access *x, struct request *q, struct response *a, const struct web_route *row,
                   bool known) {
  if (row->scope == SCOPE_PAGE && !bearer_of(q)) {
    char login[200];
    snprintf(login, sizeof login, "%.150slogin", x->base);
    response_header(a, "Location", login);
    response_send(a, 303, "text/plain", "sign in\n", 8);
    return false;
  }
  if (known) {
    response_fail(a, 403, "forbidden", "this token may not do that",
                  "make one with another scope: quire token new");
    return false;
  }
  response_header(a, "WWW-Authenticate", "Bearer");
  response_fail(a, 401, "unauthorized",
                bearer_of(q) ? "that token is not the right one" : "this library has a password",
                "sign in, or send Authorization: Bearer TOKEN");
  return false;
}

bool access_admit(struct access *x, struct request *q, struct response *a, const struct web_route *row) {
  enum right needed = right_for(x, row->scope);
  if (needed) {
    enum right rights = rights_of(x, q);
    if ((rights & needed) != needed) return refuse(x, q, a, row, rights != RIGHT_NONE);
  }
  return !changes(q) || bearer_of(q) || from_our_page(q, a);
}

/* ---- signing in */

/* The client's address, also behind a proxy that we trust to tell it. */
static void client_of(const struct access *x, const struct request *q, char out[48]) {
  const char *peer = request_peer(q), *through = request_header(q, "X-Forwarded-For");
  bool trusted = false;
  for (char **t = x->trusted; *t; t++) trusted = trusted || strcmp(*t, peer) == 0;
  const char *last = through ? strrchr(through, ',') : NULL;
  if (last) last++;
  if (through && !last) last = through;
  if (trusted && last)
    snprintf(out, 48, "%s", last + strspn(last, " "));
  else
    snprintf(out, 48, "%s", peer);
}

/* Has this client, or have all together, guessed too often? */
static bool too_often(struct access *x, const char *client) {
  int64_t since = clock_wall_ms() - FAILURE_MS;
  int own = 0, all = 0;
  for (int i = 0; i < CLIENTS; i++) {
    if (x->failures[i].at_ms < since) continue;
    all++;
    own += strcmp(x->failures[i].client, client) == 0;
  }
  return own >= FAILURES_OF_ONE || all >= FAILURES_OF_ALL;
}

static void note_failure(struct access *x, const char *client) {
  struct failure *f = &x->failures[x->n_failures++ % CLIENTS];
  snprintf(f->client, sizeof f->client, "%s", client);
  f->at_ms = clock_wall_ms();
}

/* One at a time: hashing is costly on purpose. A guess counts before it is judged, so that parallel ones do not slip through. */
static bool right_password(struct access *x, const char *client, const char *password, bool *often) {
  pthread_mutex_lock(&x->lock);
  *often = too_often(x, client);
  char *hash = *often ? NULL : password_of(x);
  bool right = hash && secret_check(password, hash);
  if (!right && !*often) note_failure(x, client);
  pthread_mutex_unlock(&x->lock);
  free(hash);
  return right;
}

static void set_cookie(const struct access *x, struct response *a, const char *value, int days) {
  char text[256];
  snprintf(text, sizeof text, COOKIE "=%s; Path=%.100s; Max-Age=%d; HttpOnly; SameSite=Strict%s", value,
           x->base, days * 86400, x->secure ? "; Secure" : "");
  response_header(a, "Set-Cookie", text);
}

/* What the browser calls itself, in ASCII. */
static void name_of(const struct request *q, char *out, size_t most) {
  const char *agent = request_header(q, "User-Agent");
  size_t n = 0;
  for (; agent && *agent && n + 1 < most; agent++)
    if (*agent >= ' ' && *agent <= '~') out[n++] = *agent;
  out[n] = '\0';
}

void access_sign_in(struct access *x, struct request *q, struct response *a, const char *password) {
  char client[48], token[SECRET_TOKEN];
  bool often;
  client_of(x, q, client);
  if (!right_password(x, client, password, &often)) {
    if (often) response_header(a, "Retry-After", "60");
    response_fail(a, often ? 429 : 401, often ? "too_many" : "unauthorized",
                  often ? "too many wrong passwords" : "that is not the password",
                  often ? "wait a minute" : "`quire config password` sets a new one");
    return;
  }
  struct op_session op = {.op.kind = &op_session_kind, .what = SESSION_BEGIN};
  secret_token(token);
  sha256_hex(token, strlen(token), op.id);
  name_of(q, op.name, sizeof op.name);
  op.expires_at = clock_wall_ms() + (int64_t)SESSION_DAYS * 86400000;
  if (store_do(x->store, &op.op) != OK) {
    response_error(a, &op.op.error);
    return;
  }
  set_cookie(x, a, token, SESSION_DAYS);
  response_json(a, 200, json_pack("{s:b}", "signed_in", 1));
}

void access_sign_out(struct access *x, struct request *q, struct response *a) {
  const char *cookie = request_cookie(q, COOKIE);
  struct op_session op = {.op.kind = &op_session_kind, .what = SESSION_END};
  if (cookie) {
    sha256_hex(cookie, strlen(cookie), op.id);
    if (store_do(x->store, &op.op) != OK) {
      response_error(a, &op.op.error);
      return;
    }
  }
  set_cookie(x, a, "", 0);
  response_json(a, 200, json_pack("{s:b}", "signed_in", 0));
}

/* ---- life */

static bool loopback(const char *listen) {
  return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "localhost", 9) == 0 || !strchr(listen, ':');
}

void access_free(struct access *x) {
  if (!x) return;
  for (char **t = x->trusted; *t; t++) free(*t);
  free(x->trusted);
  free(x->owner_token);
  free(x->base);
  pthread_mutex_destroy(&x->lock);
  free(x);
}

enum err access_new(struct store *store, const struct access_settings *settings, struct access **out,
                    struct error *e) {
  size_t n = 0;
  const char *const *trusted = settings->trusted_proxies;
  while (trusted && trusted[n]) n++;
  struct access *x = mem_alloc(sizeof *x);
  *x = (struct access){.store = store,
                       .owner_token = mem_dup(settings->owner_token),
                       .base = mem_dup(settings->base),
                       .trusted = mem_alloc((n + 1) * sizeof *x->trusted),
                       .far = !loopback(settings->listen) || settings->public_url,
                       .secure = settings->public_url && strncasecmp(settings->public_url, "https:", 6) == 0};
  for (size_t i = 0; i < n; i++) x->trusted[i] = mem_dup(trusted[i]);
  pthread_mutex_init(&x->lock, NULL);
  *out = x;
  if (!x->far || access_needs_password(x)) return OK;
  access_free(x);
  *out = NULL;
  err_set(e, ERR_CONFIG, "other machines could use this library, and it has no password");
  err_hint(e, "set one with `quire config password`, or listen on 127.0.0.1 and leave public_url out");
  return ERR_CONFIG;
}
