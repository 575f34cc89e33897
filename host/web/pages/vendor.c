/* vendor.c - GET /vendor/codemirror and its files: the editor with Lua's colours, where Debian's libjs-codemirror is installed. Without it the
 * scripts screen has a plain text field. Threads: the server's.
 *
 * Only the few files that the screen asks for are served, by a list: nothing else of the disk can be reached through here. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "web/internal.h"
#include "web/pages/vendor.h"

#define CODEMIRROR "/usr/share/javascript/codemirror"

enum { FILE_MOST_BYTES = 2 << 20 };

static const struct {
  const char *name, *type;
} files[] = {
    {"lib/codemirror.js", "text/javascript; charset=utf-8"},
    {"lib/codemirror.css", "text/css; charset=utf-8"},
    {"mode/lua/lua.js", "text/javascript; charset=utf-8"},
    {"addon/edit/matchbrackets.js", "text/javascript; charset=utf-8"},
};

static enum err read_vendor_file(const char *name, struct buf *out) {
  char *path = mem_printf(CODEMIRROR "/%s", name);
  enum err err = buf_read_file(out, path, NULL);
  free(path);
  return err;
}

static bool installed(void) {
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char *path = mem_printf(CODEMIRROR "/%s", files[i].name);
    bool there = access(path, R_OK) == 0;
    free(path);
    if (!there) return false;
  }
  return true;
}

/* Asked first, so that no page asks for files that are not there. */
static void tell_installed(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  response_json(a, 200, json_pack("{s:b}", "installed", installed()));
}

static void send_vendor_file(struct request *q, struct response *a, void *arg) {
  (void)arg;
  const char *name = request_param(q, "name");
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (strcmp(files[i].name, name) != 0) continue;
    struct buf text;
    buf_init(&text, FILE_MOST_BYTES);
    bool there = read_vendor_file(name, &text) == OK;
    if (there) {
      response_header(a, "Cache-Control", "public, max-age=86400");
      response_send(a, 200, files[i].type, text.data, text.len);
    }
    buf_release(&text);
    if (there) return;
  }
  response_fail(a, 404, "not_found", "this computer has no such file of CodeMirror",
                "install the package libjs-codemirror for colours in the editor");
}

const struct web_route vendor_routes[] = {
    {{"GET", "/vendor/codemirror", tell_installed, "is the code editor on this computer?", 0, 0},
     SCOPE_OPEN,
     NULL,
     NULL,
     "{installed}"},
    {{"GET", "/vendor/codemirror/{name...}", send_vendor_file, "a file of the code editor", 0, 0},
     SCOPE_OPEN,
     NULL,
     NULL,
     NULL},
};
const size_t vendor_routes_n = sizeof vendor_routes / sizeof *vendor_routes;
