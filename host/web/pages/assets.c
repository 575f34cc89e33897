/* assets.c - see assets.h. Threads: the server's.
 *
 * The Makefile embeds the files of host/ui/ gzipped; they are unpacked for the shell and for a client that takes no gzip. From disk only names are served that could be ours: letters, digits, ".", "_", "-", "/" and no ".." (the router has decoded
 * %2F by then, so its own check of the segments is not enough). */
#include "web/pages/assets.h"

#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/hash.h"
#include "base/mem.h"

#define UI_PREFIX "host/ui/"

enum { VERSION_CHARS = 16, ASSET_MOST_BYTES = 4 << 20 };

struct assets {
  char *dir; /* NULL: from the binary */
  char version[VERSION_CHARS + 1];
};

/* ---- in the binary */

static const struct embedded_file *embedded(const char *name) {
  size_t n_prefix = strlen(UI_PREFIX);
  for (size_t i = 0; i < embedded_count; i++) {
    const char *path = embedded_files[i].name;
    if (strncmp(path, UI_PREFIX, n_prefix) == 0 && strcmp(path + n_prefix, name) == 0)
      return &embedded_files[i];
  }
  return NULL;
}

static void hash_all(char version[VERSION_CHARS + 1]) {
  uint8_t digest[SHA_BYTES];
  char hex[SHA_HEX];
  struct sha256 *sum = sha256_begin();
  for (size_t i = 0; i < embedded_count; i++) {
    const struct embedded_file *f = &embedded_files[i];
    if (strncmp(f->name, UI_PREFIX, strlen(UI_PREFIX)) != 0) continue;
    sha256_add(sum, f->name, strlen(f->name) + 1);
    sha256_add(sum, f->data, f->packed);
  }
  sha256_end(sum, digest);
  hex_encode(digest, SHA_BYTES, hex);
  memcpy(version, hex, VERSION_CHARS);
}

/* ---- on disk */

static bool plain_name(const char *name) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
  return name[0] && name[0] != '/' && name[strspn(name, plain)] == '\0' && !strstr(name, "..");
}

static enum err read_file(const struct assets *a, const char *name, struct buf *out, struct error *e) {
  if (!plain_name(name)) return err_set(e, ERR_NOT_FOUND, "'%s' is not a file of the web UI", name);
  char *path = mem_printf("%s/%s", a->dir, name);
  enum err err = buf_read_file(out, path, e);
  free(path);
  return err;
}

/* ---- both */

enum err assets_open(const char *dir, struct assets **out, struct error *e) {
  struct assets *a = mem_alloc(sizeof *a);
  a->dir = mem_dup(dir);
  enum err err = OK;
  if (dir) {
    struct buf shell;
    memcpy(a->version, "dev", sizeof "dev");
    buf_init(&shell, ASSET_MOST_BYTES);
    err = read_file(a, "index.html", &shell, e);
    if (err) err_hint(e, "--ui wants the directory with index.html in it: host/ui of the source tree");
    buf_release(&shell);
  } else {
    hash_all(a->version);
  }
  if (err)
    assets_close(a);
  else
    *out = a;
  return err;
}

void assets_close(struct assets *a) {
  if (!a) return;
  free(a->dir);
  free(a);
}

const char *assets_version(const struct assets *a) {
  return a->version;
}

char *assets_text(const struct assets *a, const char *name) {
  if (!a->dir) {
    const struct embedded_file *f = embedded(name);
    return f ? embedded_unpack(f) : NULL;
  }
  struct buf text;
  buf_init(&text, ASSET_MOST_BYTES);
  if (read_file(a, name, &text, NULL) == OK) return buf_take(&text);
  buf_release(&text);
  return NULL;
}

static const char *type_of(const char *name) {
  static const struct {
    const char *end, *type;
  } types[] = {{".js", "text/javascript; charset=utf-8"},
               {".css", "text/css; charset=utf-8"},
               {".html", "text/html; charset=utf-8"},
               {".svg", "image/svg+xml"},
               {".png", "image/png"},
               {".json", "application/json"},
               {".woff2", "font/woff2"}};
  size_t n = strlen(name);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    size_t n_end = strlen(types[i].end);
    if (n > n_end && strcmp(name + n - n_end, types[i].end) == 0) return types[i].type;
  }
  return "application/octet-stream";
}

static bool takes_gzip(const struct request *q) {
  const char *accept = request_header(q, "Accept-Encoding");
  const char *gzip = accept ? strstr(accept, "gzip") : NULL;
  return gzip && strncmp(gzip + 4, ";q=0", 4) != 0;
}

static void missing(struct response *response) {
  response_fail(response, 404, "not_found", "the web UI has no such file",
                "this page may be of an older Quire: load it again");
}

static void send_embedded(const struct assets *a, const char *name, struct request *q,
                          struct response *response) {
  const struct embedded_file *f = embedded(name);
  if (!f) {
    missing(response);
    return;
  }
  bool gzip = takes_gzip(q);
  char etag[VERSION_CHARS + 8];
  snprintf(etag, sizeof etag, "\"%s%s\"", a->version, gzip ? "-gz" : "");
  const char *known = request_header(q, "If-None-Match");
  response_header(response, "Cache-Control", "public, max-age=31536000, immutable");
  response_header(response, "ETag", etag);
  response_header(response, "Vary", "Accept-Encoding");
  if (gzip) response_header(response, "Content-Encoding", "gzip");
  bool same = known && strcmp(known, etag) == 0;
  char *text = gzip || same ? NULL : embedded_unpack(f);
  if (gzip || same || text)
    response_send(response, same ? 304 : 200, type_of(name), text ? text : f->data,
                  text ? f->size : f->packed);
  else
    response_fail(response, 500, "no_memory", "the file could not be unpacked", "load the page again");
  free(text);
}

static void send_from_disk(const struct assets *a, const char *name, struct response *response) {
  struct buf text;
  buf_init(&text, ASSET_MOST_BYTES);
  if (read_file(a, name, &text, NULL) == OK)
    response_send(response, 200, type_of(name), text.data, text.len);
  else
    missing(response);
  buf_release(&text);
}

void assets_send(const struct assets *a, struct request *q, struct response *response) {
  const char *name = request_param(q, "name");
  if (strcmp(request_param(q, "version"), a->version) != 0)
    missing(response);
  else if (a->dir)
    send_from_disk(a, name, response);
  else
    send_embedded(a, name, q, response);
}
