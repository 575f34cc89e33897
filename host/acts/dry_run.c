/* dry_run.c - `quire script test` for who asks over HTTP, as a process of its own (child.h): a script that eats memory or time is not this
 * host's trouble. It gets this library by name only to read scripts and settings; what it writes goes to a scratch library, and no key is
 * in its environment, for it asks no provider. Threads: those of commands.h; the caller waits. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/child.h"
#include "acts/commands.h"
#include "engine/engine.h"

enum { DRY_RUN_S = 120 };

enum err command_dry_run(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  const char *pipeline = jsonx_str(request, "pipeline", NULL);
  const json_t *input = json_object_get(request, "input");
  if (!pipeline || !pipeline[0] || strpbrk(pipeline, "/.") || pipeline[0] == '-')
    return err_set(e, ERR_INVALID, "name the pipeline to try (\"pipeline\")");
  if (input && !json_is_object(input)) return err_set(e, ERR_INVALID, "the input is an object");
  const char *args[] = {
      "script", "test", pipeline, "--quiet", "--input", "-", "--library", store_dir(c->store), NULL};
  char *text = input ? jsonx_dumps(input) : mem_dup("{}");
  struct child_question question = {.args = args, .input = text ? text : "{}", .seconds = DRY_RUN_S};
  enum err err = child_ask(&question, out, e);
  free(text);
  return err;
}
