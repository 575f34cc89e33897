/* request.h - what the command line says about a run, as the JSON that commands.h takes. Files are read here, by the person's own
 * process; paths become absolute, because the owner may have another working directory. */
#pragma once
#include <jansson.h>
#include "cli/command.h"

/* For `quire run`: pipeline or file from argument 0, and all its options. *out is owned by the caller. */
enum err request_run(struct cli *c, json_t **out, struct error *e);
/* For resume, retry and fork. */
enum err request_resume(struct cli *c, json_t **out, struct error *e);
/* Only --set and --input, as an object of fields. */
enum err request_input(struct cli *c, json_t **out, struct error *e);
/* "90s", "10m", "2h", "90" -> ms. ERR_INVALID. -1 when the option was not given. */
enum err request_duration(struct cli *c, const char *option, int64_t *ms, struct error *e);
/* --budget, added to the request when it is given. */
enum err request_budget(struct cli *c, json_t *request, struct error *e);
/* A whole file ("-": standard input) that must be UTF-8, or as it is. */
enum err request_file(const char *path, const char *what, bool utf8, struct buf *out, struct error *e);
