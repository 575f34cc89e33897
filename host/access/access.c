/* access.c - see access.h. */
#include "access/access.h"

#include <arpa/inet.h>
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
  CLIENTS = 4096,          /* addresses whose wrong guesses are remembered: those with the newest */
  GUESSES = 5,             /* of one address within a minute */
  GUESSES_PRESSED = 1,     /* the same while all together guess more often than PRESSURE */
  PRESSURE = 30,
  WINDOW_MS = 60000
};

/* The wrong guesses of one address, or of all, since `since_ms`; after a minute they are forgotten. */
struct guesses {
  char client[48];
  int64_t since_ms;
  int n;
};

struct access {
  struct store *store;
  char *owner_token, *base;
  char **trusted;
  bool far;    /* it can be reached from other machines */
  bool secure; /* browsers reach it by https */
  pthread_mutex_t lock;
  struct guesses all, *clients; /* CLIENTS of them */
};

enum right {
  RIGHT_NONE = 0,
  RIGHT_READ = 1,
  RIGHT_WRITE = 2,
  RIGHT_METRICS = 4,
  RIGHT_OWNER = 8,
  RIGHT_ALL = 15
};

/* ---- what the library knows */

static char *password_of(struct access *x) {
  char *hash = NULL;
  struct db *db = store_reader(x->store);
  enum err err = setting_get(db, "password", &hash);
  store_reader_release(x->store, db);
  /* A library that cannot be read has a password that nobody knows. */
  return err == OK ? hash : err == ERR_NOT_FOUND ? NULL : mem_dup("*");
}

static bool has_password(struct access *x) {
  char *hash = password_of(x);
  bool has = hash != NULL;
  free(hash);
  return has;
}

bool access_is_far(const struct access *x) {
  return x->far;
}

/* Also when the row is gone, whoever took it away: then nobody can sign in, and only tokens open. */
bool access_needs_password(struct access *x) {
  return x->far || has_password(x);
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
  (void)settings_each(db, "token:", match_token, &t); /* unread: no rights */
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
  bool lives = session_get(db, id, now, &seen) == OK;
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
  case SCOPE_OWNER: return RIGHT_OWNER;
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

static bool refuse(const struct access *x, struct request *q, struct response *a, enum scope scope,
                   bool known) {
  if (scope == SCOPE_PAGE && !bearer_of(q)) {
    char login[200];
    snprintf(login, sizeof login, "%.150slogin", x->base);
    response_header(a, "Location", login);
    response_send(a, 303, "text/plain", "sign in\n", 8);
    return false;
  }
  if (known) {
    bool owner = scope == SCOPE_OWNER;
    response_fail(a, 403, "forbidden",
                  owner ? "no token may do that, only the owner of the library"
                        : "this token may not do that",
                  owner ? "sign in, or use the command line on the library's machine"
                        : "make one with another scope: quire token new");
    return false;
  }
  response_header(a, "WWW-Authenticate", "Bearer");
  response_fail(a, 401, "unauthorized",
                bearer_of(q) ? "that token is not the right one" : "this library has a password",
                "sign in, or send Authorization: Bearer TOKEN");
  return false;
}

bool access_admit(struct access *x, struct request *q, struct response *a, enum scope scope) {
  enum right needed = right_for(x, scope);
  if (needed) {
    enum right rights = rights_of(x, q);
    if ((rights & needed) != needed) return refuse(x, q, a, scope, rights != RIGHT_NONE);
  }
  return !changes(q) || bearer_of(q) || from_our_page(q, a);
}

/* ---- signing in */

static int64_t now_ms(void) {
  return (int64_t)(clock_mono_ns() / 1000000);
}

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

/* An IPv6 host has a whole /64 to guess from, so that counts as one address. */
static void one_network(char client[48]) {
  struct in6_addr a;
  if (inet_pton(AF_INET6, client, &a) != 1) return;
  memset(a.s6_addr + 8, 0, 8);
  inet_ntop(AF_INET6, &a, client, 48);
}

/* How many wrong guesses are in its window still. The clock is one that nobody sets. */
static int counted(struct guesses *g, int64_t now) {
  if (g->n && now - g->since_ms >= WINDOW_MS) g->n = 0;
  return g->n;
}

static void count_wrong(struct guesses *g, int64_t now) {
  if (g->n++ == 0) g->since_ms = now;
}

/* What is known of an address; *room (the place of the one longest forgotten) when nothing is. */
static struct guesses *guesses_of(struct access *x, const char *client, int64_t now, struct guesses **room) {
  *room = &x->clients[0];
  for (int i = 0; i < CLIENTS; i++) {
    struct guesses *g = &x->clients[i];
    if (counted(g, now) && strcmp(g->client, client) == 0) return g;
    if (!g->n || ((*room)->n && g->since_ms < (*room)->since_ms)) *room = g;
  }
  return NULL;
}

/* One at a time: hashing is costly on purpose, and that alone slows down many who guess at once. An address is judged by its own guesses:
 * what others do makes it fewer for those who have failed, and nothing for those who have not. A guess is counted before the next one is
 * looked at, so parallel ones do not slip through. *wait_ms: 0, or it was not looked at. */
static bool right_password(struct access *x, const char *client, const char *password, int64_t *wait_ms) {
  pthread_mutex_lock(&x->lock);
  struct guesses *room, *own = guesses_of(x, client, now_ms(), &room);
  int most = counted(&x->all, now_ms()) >= PRESSURE ? GUESSES_PRESSED : GUESSES;
  *wait_ms = own && own->n >= most ? own->since_ms + WINDOW_MS - now_ms() + 1 : 0;
  char *hash = *wait_ms ? NULL : password_of(x);
  bool right = hash && secret_check(password, hash);
  if (!right && !*wait_ms) {
    if (!own) {
      own = room;
      *own = (struct guesses){0};
      snprintf(own->client, sizeof own->client, "%s", client);
    }
    count_wrong(own, now_ms());
    count_wrong(&x->all, now_ms());
  }
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

static void refuse_guess(struct response *a, int64_t wait_ms) {
  char seconds[24];
  if (!wait_ms) {
    response_fail(a, 401, "unauthorized", "that is not the password",
                  "`quire config password` sets a new one");
    return;
  }
  snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_ms + 999) / 1000);
  response_header(a, "Retry-After", seconds);
  response_fail(a, 429, "too_many", "too many wrong passwords from this address", "wait a minute");
}

void access_sign_in(struct access *x, struct request *q, struct response *a, const char *password) {
  char client[48], token[SECRET_TOKEN];
  int64_t wait_ms;
  client_of(x, q, client);
  one_network(client);
  if (!right_password(x, client, password, &wait_ms)) {
    refuse_guess(a, wait_ms);
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
  free(x->clients);
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
                       .clients = mem_alloc(CLIENTS * sizeof *x->clients),
                       .trusted = mem_alloc((n + 1) * sizeof *x->trusted),
                       .far = !loopback(settings->listen) || settings->public_url,
                       .secure = settings->public_url && strncasecmp(settings->public_url, "https:", 6) == 0};
  for (size_t i = 0; i < n; i++) x->trusted[i] = mem_dup(trusted[i]);
  pthread_mutex_init(&x->lock, NULL);
  *out = x;
  if (!x->far || has_password(x)) return OK;
  access_free(x);
  *out = NULL;
  err_set(e, ERR_CONFIG, "other machines could use this library, and it has no password");
  err_hint(e, "set one with `quire config password`, or listen on 127.0.0.1 and leave public_url out");
  return ERR_CONFIG;
}
