/* html.c - see html.h. */
#include "base/html.h"

#include <string.h>
#include "base/text.h"

static const char *reference(char c) {
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  case '\'': return "&#39;";
  default: return NULL;
  }
}

enum err html_escape(struct buf *out, const char *s, size_t n) {
  enum err err = OK;
  for (size_t i = 0; i < n && err == OK;) {
    size_t len = utf8_xml_character(s + i, n - i);
    const char *instead = len == 1 ? reference(s[i]) : NULL;
    if (len) err = instead ? buf_puts(out, instead) : buf_append(out, s + i, len);
    i += len ? len : 1;
  }
  return err;
}

weak_err html_puts(struct buf *out, const char *s) {
  return s ? html_escape(out, s, strlen(s)) : OK;
}
