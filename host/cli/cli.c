/* cli.c - from argv to a command's row and back to an exit code; the help.
 *
 * `quire rehearse` reads its own options, so it is found before the others are parsed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/guarded.h"
#include "cli/terminal.h"

enum { MOST_COMMANDS = 64, EXIT_PIPE = 128 + SIGPIPE };

/* ---- what commands share */

int cli_fail(struct cli *c, const struct error *e) {
  int code = out_error(&c->out, e);
  return code ? code : EXIT_FAILED;
}

enum err cli_scripts_there(const struct cli *c, struct error *e) {
  static const char *const folders[] = {"scripts", "pipelines"};
  const char *dir = options_get(&c->options, "scripts");
  if (!dir) return OK;
  if (access(dir, R_OK | X_OK) != 0) return err_errno(e, errno, "--scripts %s", dir);
  bool there = false;
  for (size_t i = 0; i < 2; i++) {
    char *path = mem_printf("%s/%s", dir, folders[i]);
    there = there || access(path, R_OK | X_OK) == 0;
    free(path);
  }
  if (there) return OK;
  err_set(e, ERR_INVALID, "--scripts %s: there is neither scripts/ nor pipelines/ in it", dir);
  err_hint(e, "a phase of your own is DIR/scripts/phases/NAME.lua, a pipeline DIR/pipelines/NAME.lua");
  return ERR_INVALID;
}

enum err cli_config(struct cli *c, struct error *e) {
  if (c->configured) return OK;
  enum err err = cli_scripts_there(c, e);
  if (err != OK) return err;
  const char *scripts = options_get(&c->options, "scripts");
  char *dir = scripts ? realpath(scripts, NULL) : NULL;
  struct config_flags flags = {.library = options_get(&c->options, "library"), .scripts = dir};
  err = config_load(&flags, &c->config, e);
  free(dir);
  c->configured = err == OK;
  c->config.metrics_file = options_get(&c->options, "metrics-file");
  c->config.ui = options_get(&c->options, "ui");
  if (err == OK && c->pulse) {
    c->config.engine.pulse = c->pulse;
    atomic_store(&c->pulse->hang_ms, (uint64_t)(c->config.hang_s * 1e3));
  }
  return err;
}

enum err cli_library_there(const struct cli *c, struct error *e) {
  char *path = mem_printf("%s/quire.db", c->library);
  bool there = access(path, F_OK) == 0;
  free(path);
  if (there) return OK;
  err_set(e, ERR_NOT_FOUND, "there is no library in %s", c->library);
  err_hint(e, "`quire run` or `quire serve` makes one; --library DIR names another");
  return ERR_NOT_FOUND;
}

enum err cli_reader(struct cli *c, struct error *e) {
  if (c->reader) return OK;
  enum err err = cli_library_there(c, e);
  return err == OK ? store_open(c->library, STORE_READER, &c->reader, e) : err;
}

enum err cli_number(const struct cli *c, size_t arg, const char *what, int64_t *out, struct error *e) {
  char *end = NULL;
  errno = 0;
  *out = strtoll(c->args[arg], &end, 10);
  if (errno || end == c->args[arg] || *end || *out <= 0)
    return err_set(e, ERR_INVALID, "'%s' is not the number of a %s", c->args[arg], what);
  return OK;
}

/* ---- finding the command */

static const struct command *find(const char *name) {
  for (const struct command *k = cli_commands; k->name; k++)
    if (strcmp(k->name, name) == 0) return k;
  return NULL;
}

/* Is it the first word of commands of two words? */
static bool is_group(const char *word) {
  size_t n = strlen(word);
  for (const struct command *k = cli_commands; k->name; k++)
    if (strncmp(k->name, word, n) == 0 && k->name[n] == ' ') return true;
  return false;
}

static weak_err unknown(const char *given, const char *group, struct error *e) {
  const char *names[MOST_COMMANDS + 1];
  size_t n = 0, skip = group ? strlen(group) : 0;
  struct buf list;
  buf_init(&list, 1000);
  for (const struct command *k = cli_commands; k->name && n < MOST_COMMANDS; k++) {
    if (group && (strncmp(k->name, group, skip) != 0 || k->name[skip] != ' ')) continue;
    names[n++] = group ? k->name + skip + 1 : k->name;
    if (group) buf_printf(&list, "%s%s", list.len ? ", " : "", k->name + skip + 1);
  }
  names[n] = NULL;
  const char *near = given ? text_nearest(given, names) : NULL;
  if (group && !given)
    err_set(e, ERR_INVALID, "`quire %s` needs one of: %s", group, list.data);
  else
    err_set(e, ERR_INVALID, "there is no command `quire %s%s%s`", group ? group : "", group ? " " : "",
            given ? given : "");
  if (near)
    err_hint(e, "did you mean `quire %s%s%s`?", group ? group : "", group ? " " : "", near);
  else if (group && given)
    err_hint(e, "there are: %s", list.data);
  else
    err_hint(e, "`quire help` lists the commands");
  buf_release(&list);
  return ERR_INVALID;
}

/* Takes one or two words from the arguments. */
static enum err choose(struct cli *c, struct error *e) {
  const char *first = c->args[0];
  size_t words = 1;
  if (is_group(first)) {
    if (c->n_args < 2) return unknown(NULL, first, e);
    char *name = mem_printf("%s %s", first, c->args[1]);
    c->command = find(name);
    free(name);
    if (!c->command) return unknown(c->args[1], first, e);
    words = 2;
  } else if (!(c->command = find(first))) {
    return unknown(first, NULL, e);
  }
  c->args += words;
  c->n_args -= words;
  return OK;
}

static enum err check_use(const struct cli *c, struct error *e) {
  const struct command *k = c->command;
  char *allowed = mem_printf(CLI_EVERYWHERE " %s", k->options);
  enum err err = strcmp(k->options, "*") == 0 ? OK : options_allow(&c->options, allowed, k->name, e);
  free(allowed);
  if (err != OK) return err;
  bool few = c->n_args < (size_t)k->least, many = k->most >= 0 && c->n_args > (size_t)k->most;
  if (!few && !many) return OK;
  if (few)
    err_set(e, ERR_INVALID, "`quire %s` needs more: quire %s %s", k->name, k->name, k->usage);
  else
    err_set(e, ERR_INVALID, "`quire %s` does not know what to do with '%s'", k->name, c->args[k->most]);
  err_hint(e, "`quire help %s` says how to use it", k->name);
  return ERR_INVALID;
}

/* ---- help */

static json_t *command_json(const struct command *k) {
  return json_pack("{s:s, s:s, s:s, s:s, s:s}", "command", k->name, "usage", k->usage, "help", k->help,
                   "options", k->options, "examples", k->examples);
}

static void help_all(FILE *f) {
  out_text(
      f,
      "Quire writes books with language models, by pipelines of Lua scripts; each step is kept.\n\n"
      "  quire run generate_book --set brief=\"A lighthouse keeper...\"    a whole book; rehearsed for free unless a model is named\n"
      "  quire runs                                                    what was started, and what it does now\n\n");
  for (const struct command *k = cli_commands; k->name; k++)
    out_text(f, "  %s%-17s%s %s\n", terminal_style(f, STYLE_BOLD), k->name, terminal_style(f, STYLE_NONE),
             k->help);
  out_text(
      f,
      "\nEverywhere: --library DIR, --json, --quiet, --no-color. `quire help COMMAND` shows options and examples.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 done with issues, 4 key, 5 waits for a person, 6 budget reached,\n"
      "7 provider unavailable, 8 script or configuration error, 10 not found, 11 library owned by another host.\n");
}

static void help_lines(const char *text) {
  for (const char *p = text; *p;) {
    size_t n = strcspn(p, "\n");
    out_text(stdout, "  %.*s\n", (int)n, p);
    p += n + (p[n] == '\n');
  }
}

static void help_options(const struct command *k) {
  for (const struct option_row *o = cli_option_rows; o->name; o++) {
    if (!options_listed(k->options, o->name)) continue;
    char *left = mem_printf("--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    out_text(stdout, "  %-32s %s\n", left, o->help);
    free(left);
  }
}

static void help_one(const struct command *k) {
  out_text(stdout, "%squire %s%s %s\n\n%c%s.\n", terminal_style(stdout, STYLE_BOLD), k->name,
           terminal_style(stdout, STYLE_NONE), k->usage,
           k->help[0] >= 'a' && k->help[0] <= 'z' ? k->help[0] - 'a' + 'A' : k->help[0], k->help + 1);
  if (k->more) out_text(stdout, "\n%s\n", k->more);
  if (*k->options && strcmp(k->options, "*") != 0) {
    out_text(stdout, "\nOptions (and everywhere: --library DIR, --json, --quiet, --no-color):\n");
    help_options(k);
  }
  out_text(stdout, "\nExamples:\n");
  help_lines(k->examples);
}

/* All commands of a group: `quire help gate`. */
static bool help_group(const char *group) {
  size_t n = strlen(group);
  bool any = false;
  for (const struct command *k = cli_commands; k->name; k++) {
    if (strncmp(k->name, group, n) != 0 || k->name[n] != ' ') continue;
    out_text(stdout, "  quire %s %s\n      %s\n", k->name, k->usage, k->help);
    any = true;
  }
  return any;
}

int cli_help(struct cli *c) {
  struct error e = {0};
  char *name =
      c->n_args == 2 ? mem_printf("%s %s", c->args[0], c->args[1]) : mem_dup(c->n_args ? c->args[0] : "");
  const struct command *k = find(name);
  int code = EXIT_DONE;
  if (c->out.json && (k || !*name)) {
    json_t *list = json_array();
    for (const struct command *each = cli_commands; each->name; each++)
      if (!k || k == each) json_array_append_new(list, command_json(each));
    out_json(list);
  } else if (k && k->run == cli_rehearse) {
    code = cli_rehearse_help();
  } else if (k) {
    help_one(k);
  } else if (!*name) {
    help_all(stdout);
  } else if (c->n_args == 2 || !help_group(name)) {
    unknown(c->args[c->n_args - 1], c->n_args == 2 ? c->args[0] : NULL, &e);
    code = cli_fail(c, &e);
  }
  free(name);
  return code;
}

/* ---- main */

static bool given_early(int argc, char *const *argv, const char *option) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], option) == 0) return true;
  return false;
}

/* A person at a terminal is told by the commands themselves; `quire serve` talks to whoever keeps logs. Said again once the command is known:
 * options may stand before it. */
static void set_log(const struct cli *c) {
  const char *level = getenv("QUIRE_LOG");
  static const char *const names[] = {"debug", "info", "warn", "error", "off", NULL};
  int at = c->out.log || (c->command && c->command->run == cli_serve) ? 1 : 4;
  for (int i = 0; level && names[i]; i++)
    if (strcmp(level, names[i]) == 0) at = i;
  log_setup((enum log_level)at, c->out.log);
}

static void release(struct cli *c) {
  if (c->reader) store_close(c->reader);
  if (c->configured) config_release(&c->config);
  free(c->library);
  options_release(&c->options);
  c->reader = NULL; /* an unguarded command finishes here and in cli_main */
  c->configured = false;
  c->library = NULL;
}

/* The last of a command's work: in the guardian's child this is where the process ends. */
static int finish(struct cli *c, int code) {
  release(c);
  bool pipe;
  if (!out_finish(&pipe)) return pipe ? EXIT_PIPE : EXIT_FAILED;
  return code;
}

static int run_and_finish(struct cli *c) {
  return finish(c, c->command->run(c));
}

static bool is_guarded(const struct command *k) {
  int (*const guarded[])(struct cli *) = {cli_run, cli_resume, cli_retry, cli_fork, cli_export, cli_serve};
  for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
    if (k->run == guarded[i]) return true;
  return false;
}

static int dispatch(struct cli *c, int argc, char **argv) {
  struct error e = {0};
  if (argc > 1 && strcmp(argv[1], "--version") == 0) return cli_version(c);
  bool own_options = argc > 1 && strcmp(argv[1], "rehearse") == 0;
  if (own_options) {
    c->command = find("rehearse");
    c->args = (const char *const *)argv + 2;
    c->n_args = (size_t)argc - 2;
    return cli_rehearse(c);
  }
  if (options_parse(cli_option_rows, argc, argv, &c->options, &e) != OK) return cli_fail(c, &e);
  c->out.json = options_has(&c->options, "json");
  c->out.quiet = options_has(&c->options, "quiet");
  terminal_setup(options_has(&c->options, "no-color") ? -1 : options_has(&c->options, "color"));
  c->args = c->options.args;
  c->n_args = c->options.n_args;
  bool help = options_has(&c->options, "help");
  if (c->n_args == 0) {
    if (help) return cli_help(c);
    if (!c->out.json) help_all(stderr);
    err_set(&e, ERR_INVALID, "no command was given");
    return c->out.json ? cli_fail(c, &e) : EXIT_USAGE;
  }
  if (help) return cli_help(c);
  if (choose(c, &e) != OK || check_use(c, &e) != OK) return cli_fail(c, &e);
  set_log(c);
  c->library = library_path(options_get(&c->options, "library"));
  return is_guarded(c->command) ? guarded_run(c, run_and_finish) : c->command->run(c);
}

int cli_main(int argc, char **argv) {
  struct cli c = {
      .out = {.json = given_early(argc, argv, "--json"), .log = given_early(argc, argv, "--log-json")}};
  signal(SIGPIPE, SIG_IGN);
  set_log(&c);
  return finish(&c, dispatch(&c, argc, argv));
}
