/* head.c - see head.h. The grammar is RFC 9112's, without what it allows for the sake of old programs: no line ends but CR LF, no blank before
 * a colon, no lines that continue the one before. head_end -> head_read -> head_value | head_count. */
#include "http/head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Lone line feeds end a head too, so that it is refused at once and not when its time is over. */
size_t head_end(const char *bytes, size_t n) {
  for (const char *at = bytes, *end = bytes + n; (at = memchr(at, '\n', (size_t)(end - at))); at++) {
    if (at + 1 < end && at[1] == '\n') return (size_t)(at - bytes) + 2;
    if (at + 2 < end && at[1] == '\r' && at[2] == '\n') return (size_t)(at - bytes) + 3;
  }
  return 0;
}

static bool token_char(unsigned char c) {
  return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Cuts the next line off; NULL: it does not end with CR LF, or holds a control character. */
static char *take_line(char **at, const char *end) {
  char *line = *at, *lf = memchr(line, '\n', (size_t)(end - line));
  if (!lf || lf == line || lf[-1] != '\r') return NULL;
  lf[-1] = '\0';
  *at = lf + 1;
  for (const char *c = line; c < lf - 1; c++)
    if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F) return NULL;
  return line;
}

/* "GET /runs?x=1 HTTP/1.1" */
static bool request_line(char *line, struct head *out) {
  size_t n_method = 0;
  while (token_char((unsigned char)line[n_method])) n_method++;
  if (n_method == 0 || line[n_method] != ' ') return false;
  char *target = line + n_method + 1, *space = strchr(target, ' ');
  if (!space || space == target || strpbrk(target, "\t#")) return false;
  if (strcmp(space, " HTTP/1.1") != 0 && strcmp(space, " HTTP/1.0") != 0) return false;
  out->old = space[8] == '0';
  line[n_method] = *space = '\0';
  char *question = strchr(target, '?');
  if (question) *question++ = '\0';
  out->method = line;
  out->path = target;
  out->query = question;
  return true;
}

static const char *header_line(char *line, struct head_line *out) {
  size_t n = 0;
  while (token_char((unsigned char)line[n])) n++;
  if (n && (line[n] == ' ' || line[n] == '\t')) return "a header has a blank before its colon";
  if (n == 0 || line[n] != ':') return "a line of the head is no header";
  line[n] = '\0';
  char *value = line + n + 1, *end = value + strlen(value);
  value += strspn(value, " \t");
  while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *end = '\0';
  *out = (struct head_line){line, value};
  return NULL;
}

static bool lists(const char *value, const char *word) {
  size_t n = strlen(word);
  for (const char *at = value; at && *at; at += strcspn(at, ",")) {
    at += strspn(at, ", \t");
    if (strncasecmp(at, word, n) == 0 && (at[n] == '\0' || strchr(", \t", at[n]))) return true;
  }
  return false;
}

static bool wants_close(const struct head *h) {
  for (int i = 0; i < h->n_lines; i++)
    if (strcasecmp(h->lines[i].name, "Connection") == 0 && lists(h->lines[i].value, "close")) return true;
  return h->old;
}

int head_read(char *bytes, size_t n, struct head *out, const char **why) {
  const char *end = bytes + n;
  *out = (struct head){.method = "", .path = "", .last = true};
  *why = "the request is not valid HTTP/1.1";
  char *line = take_line(&bytes, end);
  if (!line || !request_line(line, out)) return 400;
  for (;;) {
    line = take_line(&bytes, end);
    if (!line) return 400;
    if (!*line) break;
    if (out->n_lines == HEADERS_MOST) {
      *why = "the request has too many header lines";
      return 431;
    }
    const char *wrong = header_line(line, &out->lines[out->n_lines++]);
    if (!wrong) continue;
    *why = wrong;
    return 400;
  }
  out->last = wants_close(out);
  return 0;
}

int head_count(const struct head *h, const char *name, const char **value) {
  int n = 0;
  for (int i = 0; i < h->n_lines; i++) {
    if (strcasecmp(h->lines[i].name, name) != 0) continue;
    if (n++ == 0) *value = h->lines[i].value;
  }
  return n;
}

const char *head_value(const struct head *h, const char *name) {
  const char *value = NULL;
  head_count(h, name, &value);
  return value;
}
