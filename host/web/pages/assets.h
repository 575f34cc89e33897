/* assets.h - the files of the web UI, as browsers get them: host/ui/ travels in the binary, gzipped by the Makefile; `--ui DIR` serves
 * them from disk instead, for who works on them.
 *
 *   assets_open -> (assets_send | assets_text)* -> assets_close          any thread after assets_open
 *
 * The version in an address is a hash over all files, so an address never changes its content and browsers keep it for good; a file that
 * another one imports by a relative address is of the same version. With --ui the version is "dev" and nothing is kept. */
#pragma once
#include "http/server.h"

struct assets;

/* `dir`: from --ui, or NULL. ERR_NOT_FOUND, ERR_IO: there is no index.html in it. */
enum err assets_open(const char *dir, struct assets **out, struct error *e);
void assets_close(struct assets *a); /* NULL is fine */
const char *assets_version(const struct assets *a);
/* Answers GET /assets/{version}/{name...}; 404 for another version or name. */
void assets_send(const struct assets *a, struct request *q, struct response *response);
/* A file's text, the caller's to free; NULL when there is none. */
char *assets_text(const struct assets *a, const char *name);
