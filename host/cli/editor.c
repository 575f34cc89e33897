/* editor.c - see editor.h. Not by base/child.h: an editor needs this terminal, its keys and its Ctrl-C. */
#include "cli/editor.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

extern char **environ;

static const char *editor_name(void) {
  const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
  return visual && *visual ? visual : editor && *editor ? editor : NULL;
}

/* By a shell: people write "code --wait" there. */
static enum err run_editor(const char *editor, const char *path, struct error *e) {
  char *command = mem_printf("%s \"$0\"", editor);
  char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, (char *)(uintptr_t)path, NULL};
  pid_t pid;
  int status = 0, failed = posix_spawnp(&pid, "sh", NULL, NULL, argv, environ);
  while (!failed && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  free(command);
  if (!failed && WIFEXITED(status) && WEXITSTATUS(status) == 0) return OK;
  return err_set(e, ERR_INVALID, "the editor (%s) ended with an error; nothing was sent", editor);
}

enum err editor_open(const char *text, size_t n, struct buf *out, struct error *e) {
  const char *editor = editor_name(), *tmp = getenv("TMPDIR");
  if (!editor) {
    err_set(e, ERR_INVALID, "no editor is set");
    err_hint(e, "set EDITOR, or give the text by --from FILE");
    return ERR_INVALID;
  }
  char *path = mem_printf("%s/quire-prompt-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  int fd = mkstemp(path);
  enum err err = fd < 0 ? err_errno(e, errno, "cannot make the file %s", path) : OK;
  if (fd >= 0) close(fd);
  if (err == OK) err = file_write(path, text, n, e);
  if (err == OK) err = run_editor(editor, path, e);
  if (err == OK) err = buf_read_file(out, path, e);
  if (fd >= 0) unlink(path);
  free(path);
  return err;
}
