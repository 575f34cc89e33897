/* log.c - the host's own log on stderr.
 *
 * log_setup, (log_redact | log_forget)* -> log_*. Any thread. A line is put together on the stack and leaves in one
 * write(2), so lines of two threads never mix, and logging works when memory has run out. What does not fit
 * is cut. Control bytes are escaped: model text in a log line cannot move the cursor of whoever reads it. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/text.h"

enum { MESSAGE_MAX = 4000, LINE_MAX_BYTES = 6 * MESSAGE_MAX + 200, SECRETS_MAX = 32, SECRET_LEAST = 8 };

static atomic_int least_level = LOG_INFO_LEVEL;
static atomic_bool as_json;
static char *secrets[SECRETS_MAX]; /* the newest of them, with gaps (NULL); with the lock */
static int secrets_dropped;        /* of those that had no room */
static pthread_mutex_t secrets_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, bool json) {
  atomic_store(&least_level, least);
  atomic_store(&as_json, json);
}

static void drop_secret(char **place) {
  explicit_bzero(*place, strlen(*place));
  free(*place);
  *place = NULL;
}

static char **free_place(void) {
  for (int i = 0; i < SECRETS_MAX; i++)
    if (!secrets[i]) return &secrets[i];
  return NULL;
}

void log_redact(const char *secret) {
  if (!secret || strlen(secret) < SECRET_LEAST) return;
  pthread_mutex_lock(&secrets_lock);
  bool known = false;
  for (int i = 0; i < SECRETS_MAX && !known; i++) known = secrets[i] && strcmp(secrets[i], secret) == 0;
  char *copy = known ? NULL : strdup(secret);
  if (copy) {
    char **place = free_place();
    if (!place) drop_secret(place = &secrets[secrets_dropped++ % SECRETS_MAX]);
    *place = copy;
  }
  pthread_mutex_unlock(&secrets_lock);
}

void log_forget(const char *secret) {
  pthread_mutex_lock(&secrets_lock);
  for (int i = 0; i < SECRETS_MAX; i++) {
    if (!secrets[i] || strcmp(secrets[i], secret) != 0) continue;
    drop_secret(&secrets[i]);
  }
  pthread_mutex_unlock(&secrets_lock);
}

static void redact(char *text) {
  pthread_mutex_lock(&secrets_lock);
  for (int i = 0; i < SECRETS_MAX; i++) {
    if (!secrets[i]) continue;
    size_t n = strlen(secrets[i]);
    for (char *hit = text; (hit = strstr(hit, secrets[i])) != NULL; hit += 3) {
      memcpy(hit, "***", 3);
      memmove(hit + 3, hit + n, strlen(hit + n) + 1);
    }
  }
  pthread_mutex_unlock(&secrets_lock);
}

/* Writes `text` with control bytes, invalid UTF-8 and, for JSON, quotes and backslashes escaped. */
static size_t escape(char *out, const char *text, bool json) {
  char *to = out;
  size_t left = strlen(text);
  while (left) {
    uint32_t cp = 0;
    int n = utf8_decode(text, left, &cp);
    if (n < 0) {
      to = stpcpy(to, "\xEF\xBF\xBD");
      n = 1;
    } else if (json && (cp == '"' || cp == '\\')) {
      *to++ = '\\';
      *to++ = (char)cp;
    } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
      to += snprintf(to, 7, "\\u%04x", (unsigned)cp);
    } else {
      memcpy(to, text, (size_t)n);
      to += n;
    }
    text += n;
    left -= (size_t)n;
  }
  *to = '\0';
  return (size_t)(to - out);
}

struct about {
  long long run;
  const char *project;
};

static void write_line(enum log_level level, char *message, const struct about *about) {
  char line[LINE_MAX_BYTES + 300], when[25], project[200] = "";
  bool json = atomic_load(&as_json);
  redact(message);
  clock_iso(clock_wall_ms(), when);
  int head =
      json ? snprintf(line, 100, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", when, level_names[level])
           : snprintf(line, 100, "%s %-5s ", when, level_names[level]);
  size_t n = (size_t)head;
  if (about) snprintf(project, sizeof project, "%.90s", about->project);
  if (about && !json) n += (size_t)snprintf(line + n, 250, "run %lld (%s): ", about->run, project);
  n += escape(line + n, message, json);
  if (about && json)
    n += (size_t)snprintf(line + n, 250, "\",\"run\":%lld,\"project\":\"%s", about->run, project);
  n += (size_t)snprintf(line + n, 4, json ? "\"}\n" : "\n");
  ssize_t written = write(STDERR_FILENO, line, n);
  (void)written; /* nobody is left to tell */
}

static void __attribute__((format(printf, 3, 0)))
log_at(enum log_level level, int sys_errno, const char *fmt, va_list ap) {
  if ((int)level < atomic_load(&least_level)) return;
  int saved = errno;
  char message[MESSAGE_MAX];
  int n = vsnprintf(message, sizeof message, fmt, ap);
  if (sys_errno && n >= 0 && (size_t)n < sizeof message)
    snprintf(message + n, sizeof message - (size_t)n, ": %s", strerror(sys_errno));
  write_line(level, message, NULL);
  errno = saved;
}

void log_run(enum log_level level, long long run, const char *project, const char *text) {
  if ((int)level < atomic_load(&least_level)) return;
  char message[MESSAGE_MAX];
  snprintf(message, sizeof message, "%s", text);
  write_line(level, message, &(struct about){run, project ? project : ""});
}

#define LOG_BODY(level, sys_errno)                                                                           \
  va_list ap;                                                                                                \
  va_start(ap, fmt);                                                                                         \
  log_at(level, sys_errno, fmt, ap);                                                                         \
  va_end(ap)

void log_debug(const char *fmt, ...) {
  LOG_BODY(LOG_DEBUG_LEVEL, 0);
}

void log_info(const char *fmt, ...) {
  LOG_BODY(LOG_INFO_LEVEL, 0);
}

void log_warn(const char *fmt, ...) {
  LOG_BODY(LOG_WARN_LEVEL, errno);
}

void log_warnx(const char *fmt, ...) {
  LOG_BODY(LOG_WARN_LEVEL, 0);
}

void log_errorx(const char *fmt, ...) {
  LOG_BODY(LOG_ERROR_LEVEL, 0);
}
