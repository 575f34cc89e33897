/* log.h - the host's own log on stderr: text for people, JSON lines for machines. Any thread; one write(2) a
 * line.
 *
 * Words after relayd: log_warn adds strerror(errno), log_warnx does not. Secrets are never passed in; as a
 * last resort every value registered with log_redact is replaced by "***" in what is written. */
#pragma once
#include <stdbool.h>

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL, LOG_OFF_LEVEL };

void log_setup(enum log_level least, bool json);
void log_redact(
    const char *
        secret); /* copied; short values (< 8 bytes) are ignored. When there are too many, the oldest is looked for no more */
void log_forget(const char *secret); /* one that ended: it takes up no room any more */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* with errno */
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* About a run: its number and project stand before the text, or are fields of the JSON line. */
void log_run(enum log_level level, long long run, const char *project, const char *text);
void log_errorx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
