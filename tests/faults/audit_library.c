/* audit_library.c - `audit_library DIR [all]`: each breach on a line of its own; exit code 0 when there is none. For the shell tests. */
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "store/upkeep/audit.h"
#include "store/store.h"

static void tell(void *arg, const char *rule, int64_t run, const char *explanation) {
  (void)arg;
  printf("%s: run %lld: %s\n", rule, (long long)run, explanation);
}

int main(int argc, char **argv) {
  struct store *s = NULL;
  struct error e = {0};
  int breaches = 0;
  log_setup(LOG_OFF_LEVEL, false);
  if (argc < 2 || store_open(argv[1], STORE_READER, &s, &e) != OK) {
    printf("cannot open: %s\n", argc < 2 ? "no directory" : e.message);
    return 2;
  }
  struct audit_options options = {.all_blobs = argc > 2 && strcmp(argv[2], "all") == 0, .integrity = true};
  struct db *db = store_reader(s);
  enum err err = db ? audit_run_with(db, &options, tell, NULL, &breaches) : ERR_IO;
  store_reader_release(s, db);
  store_close(s);
  if (err != OK) printf("the audit failed: %s\n", err_name(err));
  return breaches || err != OK;
}
