/* cli_access.c - who may use the library over HTTP: its password, tokens for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "cli/act.h"
#include "cli/command.h"

enum { PASSWORD_ROOM = 512 };

/* ---- the password */

/* One line of standard input, without its end; not shown where it is typed. */
static enum err read_secret(const char *prompt, char *out, struct error *e) {
  struct termios shown, hidden;
  bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    out_text(stderr, "%s", prompt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  const char *line = fgets(out, PASSWORD_ROOM, stdin);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    out_text(stderr, "\n");
  }
  if (!line) return err_set(e, ERR_INVALID, "no password came on standard input");
  out[strcspn(out, "\r\n")] = '\0';
  return OK;
}

/* Typed twice, where it is typed. */
static enum err ask_password(char *out, struct error *e) {
  char again[PASSWORD_ROOM];
  enum err err = read_secret("New password: ", out, e);
  if (err != OK || !isatty(STDIN_FILENO)) return err;
  err = read_secret("Again: ", again, e);
  if (err == OK && strcmp(out, again) != 0)
    err = err_set(e, ERR_INVALID, "these are two passwords; nothing was changed");
  explicit_bzero(again, sizeof again);
  return err;
}

int cli_config_password(struct cli *c) {
  struct error e = {0};
  char password[PASSWORD_ROOM] = "";
  bool take_away = options_has(&c->options, "remove");
  enum err err = take_away ? OK : ask_password(password, &e);
  if (err != OK) return cli_fail(c, &e);
  json_t *request = json_pack("{s:o}", "password", take_away ? json_null() : view_text(password));
  explicit_bzero(password, sizeof password);
  struct act a = {.kind = ACT_PASSWORD, .request = request};
  err = act_do(c, &a, &e);
  json_decref(request);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json)
    out_json(json_incref(a.answer));
  else
    out_line(take_away ? "The library's password is removed."
                       : "The password is set. Who was signed in must sign in again.");
  act_close(&a, 0);
  return EXIT_DONE;
}

/* ---- tokens */

static json_t *scopes_of(const char *text) {
  json_t *list = json_array();
  while (*text) {
    size_t n = strcspn(text, ",");
    json_t *scope = json_stringn(text, n);
    json_array_append_new(list, scope ? scope : json_string("?"));
    text += n + (text[n] == ',');
  }
  return list;
}

int cli_token_new(struct cli *c) {
  struct error e = {0};
  const char *scopes = options_get(&c->options, "scopes");
  json_t *request =
      json_pack("{s:o, s:o}", "name", view_text(c->args[0]), "scopes", scopes_of(scopes ? scopes : "read"));
  struct act a = {.kind = ACT_TOKEN_NEW, .request = request};
  enum err err = act_do(c, &a, &e);
  json_decref(request);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(json_incref(a.answer));
  } else {
    out_line("%s", jsonx_str(a.answer, "token", ""));
    out_say(&c->out, "Shown only once; store it now. Programs send it as Authorization: Bearer TOKEN.");
  }
  act_close(&a, 0);
  return EXIT_DONE;
}

int cli_token_list(struct cli *c) {
  static const char *const headers[] = {"TOKEN", "SCOPES", "MADE", NULL};
  struct error e = {0};
  json_t *list = NULL, *item;
  size_t i;
  char age[40];
  enum err err = cli_reader(c, &e);
  struct commands commands = {.store = c->reader};
  if (err == OK) err = command_tokens(&commands, &list, &e);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(list);
    return EXIT_DONE;
  }
  struct table *t = table_new(headers);
  json_array_foreach(list, i, item) {
    table_cell(t, "%s", jsonx_str(item, "name", ""));
    table_cell(t, "%s", jsonx_str(item, "scopes", ""));
    table_cell(t, "%s", view_age(jsonx_int(item, "created_ms", 0), age));
  }
  table_print(t);
  json_decref(list);
  return EXIT_DONE;
}

int cli_token_revoke(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_TOKEN_REVOKE, .name = c->args[0]};
  if (act_do(c, &a, &e) != OK) return cli_fail(c, &e);
  if (c->out.json)
    out_json(json_incref(a.answer));
  else
    out_line("Token %s is revoked.", a.name);
  act_close(&a, 0);
  return EXIT_DONE;
}
