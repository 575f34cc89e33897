/* access.h - who may use which address. Threads: the server's.
 *
 *   access_new -> (access_admit for each request, access_sign_in, access_sign_out) -> access_free
 *
 * A program shows a token: the owner's (owner.json) opens everything, one made with `quire token new` what its scopes say. A browser on
 * loopback may use everything while no password is set; with one, it needs a session. Whoever comes without a token must send
 * X-Quire-Csrf with everything that changes something: another site's page cannot make a browser send it.
 * Passwords, tokens and sessions are rows of the library, as hashes; they are read for each request, so that a change counts at once. */
#pragma once
#include "store/store.h"
#include "web/api/routes.h"

struct access;

struct access_settings {
  const char *owner_token;
  const char *listen;                 /* where the server listens */
  const char *public_url;             /* or NULL */
  const char *base;                   /* the path under which browsers reach us: "/" */
  const char *const *trusted_proxies; /* addresses whose X-Forwarded-For counts; NULL-terminated, or NULL */
};

/* Settings are copied. ERR_CONFIG: it can be reached from elsewhere and there is no password. */
enum err access_new(struct store *store, const struct access_settings *settings, struct access **out,
                    struct error *e);
void access_free(struct access *x); /* NULL is fine */

/* False: it was answered. */
bool access_admit(struct access *x, struct request *q, struct response *a, const struct web_route *row);

bool access_needs_password(struct access *x);
/* Does the request come with the right to read? (Nobody is answered.) */
bool access_signed_in(struct access *x, struct request *q);
/* Is it another command of this machine's user, with the token of owner.json? Only those may name files and folders. */
bool access_is_owner(struct access *x, struct request *q);
/* Answers with a session's cookie, or with why not. At most some wrong attempts a minute for each client and for all. */
void access_sign_in(struct access *x, struct request *q, struct response *a, const char *password);
void access_sign_out(struct access *x, struct request *q, struct response *a);
