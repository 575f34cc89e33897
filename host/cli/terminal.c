/* terminal.c - colour, width, the progress line. */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/text.h"

#define MARK "\xFF" /* with the number of a style */

static int colour_flag;
static bool line_shown;

static bool set(const char *name) {
  const char *v = getenv(name);
  return v && *v;
}

static bool forced(const char *name) {
  return set(name) && strcmp(getenv(name), "0") != 0;
}

static bool dumb(void) {
  const char *term = getenv("TERM");
  return term && strcmp(term, "dumb") == 0;
}

void terminal_setup(int flag) {
  colour_flag = flag;
}

bool terminal_colour(FILE *stream) {
  if (colour_flag) return colour_flag > 0;
  if (set("NO_COLOR")) return false;
  if (forced("FORCE_COLOR") || forced("CLICOLOR_FORCE")) return true;
  return !dumb() && isatty(fileno(stream));
}

const char *terminal_style(FILE *stream, enum style style) {
  static const char marks[STYLE_COUNT][3] = {MARK "0", MARK "1", MARK "2", MARK "3",
                                             MARK "4", MARK "5", MARK "6"};
  return terminal_colour(stream) ? marks[style] : "";
}

int terminal_width(void) {
  struct winsize w;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
  return 80;
}

bool terminal_live(void) {
  return isatty(STDERR_FILENO) && !dumb();
}

void terminal_line_show(const char *text) {
  if (!terminal_live()) return;
  struct buf b;
  buf_init(&b, 4096);
  buf_puts(&b, "\r");
  terminal_clip(&b, text, (size_t)terminal_width() - 1);
  buf_puts(&b, "\033[K");
  fputs(b.data, stderr);
  fflush(stderr);
  buf_release(&b);
  line_shown = true;
}

void terminal_line_hide(void) {
  if (!line_shown) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  line_shown = false;
}

/* ---- columns */

/* Blocks that terminals show two columns wide: Hangul, CJK, Kana, full-width forms, emoji. */
static bool wide(uint32_t cp) {
  return (cp >= 0x1100 && cp <= 0x115F) || (cp >= 0x2E80 && cp <= 0xA4CF) || (cp >= 0xAC00 && cp <= 0xD7A3) ||
         (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0xFE30 && cp <= 0xFE6F) || (cp >= 0xFF00 && cp <= 0xFF60) ||
         (cp >= 0x1F300 && cp <= 0x1FAFF) || (cp >= 0x20000 && cp <= 0x3FFFD);
}

static size_t columns_of(uint32_t cp) {
  if (cp >= 0x300 && cp <= 0x36F) return 0; /* combining marks */
  return wide(cp) ? 2 : 1;
}

static bool control(uint32_t cp) {
  return cp < 0x20 || (cp >= 0x7F && cp < 0xA0);
}

size_t terminal_columns(const char *text) {
  size_t n = strlen(text), columns = 0;
  uint32_t cp;
  for (size_t i = 0; i < n;) {
    int len = utf8_decode(text + i, n - i, &cp);
    columns += len > 0 ? columns_of(cp) : 1;
    i += len > 0 ? (size_t)len : 1;
  }
  return columns;
}

void terminal_clip(struct buf *out, const char *text, size_t columns) {
  size_t n = strlen(text), used = 0, room = terminal_columns(text) > columns ? columns - 1 : columns;
  uint32_t cp;
  for (size_t i = 0; i < n;) {
    int len = utf8_decode(text + i, n - i, &cp);
    bool bad = len <= 0 || control(cp);
    size_t width = bad ? 1 : columns_of(cp);
    if (used + width > room) {
      buf_puts(out, "…");
      return;
    }
    if (bad)
      buf_putc(out, '?');
    else
      buf_append(out, text + i, (size_t)len);
    used += width;
    i += len > 0 ? (size_t)len : 1;
  }
}

/* The style that is marked at s[0..n), or STYLE_COUNT. */
static enum style marked(const char *s, size_t n) {
  bool mark = n > 1 && s[0] == MARK[0] && s[1] >= '0' && s[1] < '0' + STYLE_COUNT;
  return mark ? (enum style)(s[1] - '0') : STYLE_COUNT;
}

void terminal_clean(struct buf *out, const char *text) {
  static const char *const codes[STYLE_COUNT] = {"\033[0m",  "\033[1m",  "\033[2m",   "\033[31m",
                                                 "\033[32m", "\033[33m", "\033[31;9m"};
  size_t n = strlen(text);
  uint32_t cp;
  for (size_t i = 0; i < n;) {
    enum style style = marked(text + i, n - i);
    if (style < STYLE_COUNT) {
      buf_puts(out, codes[style]);
      i += 2;
      continue;
    }
    int len = utf8_decode(text + i, n - i, &cp);
    if (len <= 0 || (control(cp) && cp != '\n' && cp != '\t'))
      buf_putc(out, '?');
    else
      buf_append(out, text + i, (size_t)len);
    i += len > 0 ? (size_t)len : 1;
  }
}
