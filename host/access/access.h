/* access.h - who may use which address. Threads: the server's.
 *
 *   access_new -> (access_admit for each request, access_sign_in, access_sign_out) -> access_free
 *
 * A program shows a token: the owner's (owner.json) opens everything, one made with `quire token new` what its scopes say. A browser on
 * loopback may use everything while no password is set; with one, it needs a session. A library that other machines can reach is never
 * open without a password. Whoever comes without a token must send X-Quire-Csrf with everything that changes something: another site's
 * page cannot make a browser send it.
 * Passwords, tokens and sessions are rows of the library, as hashes; they are read for each request, so that a change counts at once. */
#pragma once
#include "http/server.h"
#include "store/store.h"

struct access;

enum scope {
  SCOPE_OPEN,   /* anybody: health, the sign-in page and what it is made of */
  SCOPE_PAGE,   /* a page: read, but somebody who is not signed in is sent to /login */
  SCOPE_READ,   /* a session, or a token with read or write */
  SCOPE_WRITE,  /* a session, or a token with write */
  SCOPE_OWNER,  /* a session, or the owner's token: what would outlive the token that asks */
  SCOPE_METRICS /* as read; a token with metrics too; anybody on loopback */
};

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
bool access_admit(struct access *x, struct request *q, struct response *a, enum scope scope);

bool access_needs_password(struct access *x);
/* Can other machines reach the library? Then its password cannot be removed. */
bool access_is_far(const struct access *x);
/* Does the request come with the right to read? (Nobody is answered.) */
bool access_signed_in(struct access *x, struct request *q);
/* Is it another command of this machine's user, with the token of owner.json? Only those may name files and folders. */
bool access_is_owner(struct access *x, struct request *q);
/* Answers with a session's cookie, or with why not: 429 for an address that has guessed wrong too often in the last minute. Many wrong
 * guesses from everywhere make it fewer for each address; one that has not failed is always heard. */
void access_sign_in(struct access *x, struct request *q, struct response *a, const char *password);
void access_sign_out(struct access *x, struct request *q, struct response *a);
