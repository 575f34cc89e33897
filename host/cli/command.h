/* command.h - the table of commands. The dispatcher, `quire help` and the test that holds README against the program
 * read the same rows.
 *
 * A command is a function that gets a `struct cli` and returns the exit code. It reads the database by itself; what it
 * wants changed it hands to act.h. One process, one command: what a command takes from the system lives as long as
 * the process, but for hosts and readers, which cli_main closes. */
#pragma once
#include <jansson.h>
#include "cli/options.h"
#include "cli/output.h"
#include "config.h"
#include "store/write/library.h"
#include "store/store.h"

struct cli;

struct command {
  const char *name;     /* "run", "gate approve" */
  const char *usage;    /* what follows the name: "RUN [--with WHAT]..." */
  const char *help;     /* one line */
  int least, most;      /* arguments; most -1: any number */
  const char *options;  /* names of its own options, separated by spaces */
  const char *examples; /* lines of "command   what it does" */
  int (*run)(struct cli *c);
  const char *more; /* further paragraphs for `quire help COMMAND`, or NULL */
};
extern const struct command cli_commands[]; /* ends with a row without a name */
extern const struct option_row
    cli_option_rows[]; /* all options of all commands; ends with a row without a name */
#define CLI_EVERYWHERE "library json quiet no-color color help" /* options of each command */

struct cli {
  const struct command *command;
  struct options options;
  const char *const *args;
  size_t n_args;
  struct output out;
  char *library; /* the directory */
  struct config config;
  bool configured;
  struct store *reader;
  struct pulse *pulse; /* the guardian's page, or NULL */
  int attempt;         /* how often the guardian started this command again */
  char auto_key[32];   /* for a run that is given none */
};

int cli_main(int argc, char **argv);

/* The configuration, loaded once. */
enum err cli_config(struct cli *c, struct error *e);
/* A reader of the library, opened once. ERR_NOT_FOUND when there is no library yet. */
enum err cli_reader(struct cli *c, struct error *e);
/* ERR_NOT_FOUND, without opening anything. */
enum err cli_library_there(const struct cli *c, struct error *e);
/* Refuses a --scripts that is not there, or that can give none: what lies beside scripts/ and pipelines/ is never looked at. */
enum err cli_scripts_there(const struct cli *c, struct error *e);
/* The argument as a run's or gate's number. ERR_INVALID. */
enum err cli_number(const struct cli *c, size_t arg, const char *what, int64_t *out, struct error *e);
/* Prints the error (text on stderr, or JSON on stdout); returns the exit code for it. */
int cli_fail(struct cli *c, const struct error *e);

/* ---- one file a group */
int cli_run(struct cli *c);
int cli_forecast(struct cli *c);
int cli_resume(struct cli *c);
int cli_retry(struct cli *c);
int cli_fork(struct cli *c);
int cli_pause(struct cli *c);
int cli_cancel(struct cli *c);
int cli_note(struct cli *c);
int cli_watch(struct cli *c);
int cli_serve(struct cli *c);
int cli_export(struct cli *c);
int cli_runs(struct cli *c);
int cli_show(struct cli *c);
int cli_logs(struct cli *c);
int cli_trace(struct cli *c);
int cli_call(struct cli *c);
int cli_replay(struct cli *c);
int cli_finding_list(struct cli *c);
int cli_finding_dismiss(struct cli *c);
int cli_finding_restore(struct cli *c);
int cli_gate_list(struct cli *c);
int cli_gate_show(struct cli *c);
int cli_gate_approve(struct cli *c);
int cli_gate_reject(struct cli *c);
int cli_project_list(struct cli *c);
int cli_project_show(struct cli *c);
int cli_artifact_list(struct cli *c);
int cli_artifact_show(struct cli *c);
int cli_artifact_history(struct cli *c);
int cli_artifact_edit(struct cli *c);
int cli_project_cover(struct cli *c);
int cli_diff(struct cli *c);
int cli_script_list(struct cli *c);
int cli_script_check(struct cli *c);
int cli_script_new(struct cli *c);
int cli_script_test(struct cli *c);
int cli_provider_test(struct cli *c);
int cli_provider_check(struct cli *c);
int cli_rehearse(struct cli *c);
int cli_rehearse_help(void);
int cli_config_show(struct cli *c);
int cli_models(struct cli *c);
int cli_setup(struct cli *c);
int cli_config_password(struct cli *c);
int cli_token_new(struct cli *c);
int cli_token_list(struct cli *c);
int cli_token_revoke(struct cli *c);
int cli_doctor(struct cli *c);
int cli_backup(struct cli *c);
int cli_restore(struct cli *c);
int cli_prune(struct cli *c);
int cli_sweep(struct cli *c);
int cli_project_delete(struct cli *c);
int cli_sql(struct cli *c);
int cli_version(struct cli *c);
int cli_help(struct cli *c);
