/* raster.c - rsvg-convert and fc-list as child processes.
 *
 *   raster_png -> fonts_have (fc-list) -> convert (rsvg-convert) -> bytes
 *
 * Children get a small environment of their own, without the user's keys, and RASTER_MS; then they are ended. What they are given may
 * come from a model: the SVG's text was escaped by the export script, and rsvg-convert loads nothing from outside for data on its
 * standard input. */
#include "script_api/raster.h"

#include <lauxlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "lua/hold.h"

enum { RASTER_MS = 30000, MOST_PNG = 16 << 20, MOST_QUERY = 2000, LATIN_ENDS = 0x250 };

/* A program on `input`; what it printed goes to `out`. As child_run. */
static int filter(const char *const argv[], const char *input, size_t n, struct buf *out) {
  static const char *const kept[] = {"PATH", "HOME", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH",
                                     NULL};
  static const char *const more[] = {"LC_ALL=C.UTF-8", NULL};
  return child_run(&(struct child_job){.argv = argv,
                                       .kept = kept,
                                       .more = more,
                                       .input = input,
                                       .n_input = n,
                                       .silent = true,
                                       .ms = RASTER_MS,
                                       .stop = -1},
                   out);
}

/* ---- fonts */

/* ":charset=706f 53f0": the letters beyond Latin, each once. False when there is none. */
static bool charset_query(const char *svg, size_t n, struct buf *query) {
  buf_puts(query, ":charset=");
  bool any = false;
  for (size_t i = 0; i < n && query->len + 16 < MOST_QUERY;) {
    uint32_t cp;
    int length = utf8_decode(svg + i, n - i, &cp);
    char hex[16];
    i += length > 0 ? (size_t)length : 1;
    if (length <= 0 || cp < LATIN_ENDS || (cp >= 0x2000 && cp < 0x2070)) continue;
    snprintf(hex, sizeof hex, "%s%x", any ? " " : "", cp);
    if (strstr(query->data, hex)) continue;
    buf_puts(query, hex);
    any = true;
  }
  return any;
}

/* Without a font that has the letters the picture would show empty boxes. Where fc-list is not installed nobody knows. */
static bool fonts_have(const char *svg, size_t n) {
  struct buf query, fonts;
  buf_init(&query, MOST_QUERY);
  buf_init(&fonts, 1 << 20);
  bool have = true;
  if (charset_query(svg, n, &query)) {
    const char *argv[] = {"fc-list", query.data, "family", NULL};
    have = filter(argv, "", 0, &fonts) != 0 || fonts.len > 0;
  }
  buf_release(&query);
  buf_release(&fonts);
  return have;
}

/* ---- pictures */

static const char *convert(const char *svg, size_t n, struct buf *png) {
  static const char *const argv[] = {"rsvg-convert", "--format=png", NULL};
  int status = filter(argv, svg, n, png);
  if (status == CHILD_MISSING) return "rsvg-convert is not installed";
  if (status != 0) return "rsvg-convert failed";
  return png->len > 8 && memcmp(png->data, "\x89PNG\r\n\x1a\n", 8) == 0 ? NULL : "rsvg-convert made no PNG";
}

static void release_buf(void *buf) {
  buf_release(buf);
}

int raster_png(lua_State *L) {
  size_t n;
  const char *svg = luaL_checklstring(L, 1, &n);
  struct buf *png = hold_push(L, sizeof *png, release_buf);
  buf_init(png, MOST_PNG);
  const char *why = fonts_have(svg, n) ? convert(svg, n, png) : "no installed font has its letters";
  if (why)
    lua_pushnil(L);
  else
    lua_pushlstring(L, png->data, png->len);
  lua_pushstring(L, why);
  hold_release(png);
  return 2;
}
