/* cli_rehearse.c - `quire rehearse`: its options, and its help, are rows of rehearsal_server/options.h. */
#include <string.h>

#include "cli/command.h"
#include "rehearsal_server/options.h"
#include "rehearsal_server/server.h"

int cli_rehearse_help(void) {
  out_line(
      "quire rehearse --listen ADDR:PORT [OPTION]...\n\nThe embedded model as an OpenAI-compatible server, with chosen latency, biases and faults, and a ledger (GET /ledger).\n\nOptions:");
  for (const struct rehearse_option_row *o = rehearse_option_rows; o->name; o++) {
    char left[80];
    snprintf(left, sizeof left, "--%s %s", o->name, o->value ? o->value : "");
    out_line("  %-32s %s", left, o->help);
  }
  out_line(
      "\nManners, for --manner NAME[=VALUE][:first=N,p=0..1,role=NAME,key=KEY]; \"any:p=0.05\" rolls for each of them:");
  for (const struct manner_row *m = manner_rows; m->name; m++) {
    char left[80];
    snprintf(left, sizeof left, "%s%s%s", m->name, m->value ? "=" : "", m->value ? m->value : "");
    out_line("  %-32s %s", left, m->help);
  }
  out_line(
      "\nExamples:\n  quire rehearse --listen 127.0.0.1:8090 --latency 500\n  quire rehearse --listen 127.0.0.1:8090 --manner think-inside=400 --manner chat-after:p=0.2 --seed 7");
  return EXIT_DONE;
}

int cli_rehearse(struct cli *c) {
  struct error e = {0};
  struct rehearse_options o;
  for (size_t i = 0; i < c->n_args; i++)
    if (strcmp(c->args[i], "--help") == 0 || strcmp(c->args[i], "-h") == 0) return cli_rehearse_help();
  rehearse_options_init(&o);
  enum err err = rehearse_parse(&o, (int)c->n_args, (char *const *)(uintptr_t)c->args, &e);
  if (err == OK) err = rehearse_main(&o, &e);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
