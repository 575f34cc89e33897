/* test_script_cache.c - the scripts that a run gets are those on the disk when it starts, although they are read only when one changed; and the
 * threads that answer requests. */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "acts/script_cache.h"
#include "base/file.h"
#include "base/mem.h"
#include "http/hands.h"
#include "lua/script_set.h"
#include "lua/script_watch.h"

static char dir[64], library[96], beside[96];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)st, (void)flag, (void)ftw;
  return remove(path);
}

static void put(const char *base, const char *name, const char *text) {
  char path[300];
  snprintf(path, sizeof path, "%s/%s", base, name);
  char *slash = strrchr(path, '/');
  *slash = 0;
  assert_int_equal(file_mkdirs(path, 0777, NULL), OK);
  *slash = '/';
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int open_place(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/quire-scripts.XXXXXX");
  assert_non_null(mkdtemp(dir));
  snprintf(library, sizeof library, "%s/library", dir);
  snprintf(beside, sizeof beside, "%s/beside", dir);
  put(library, "scripts/lib/own.lua", "return 1");
  put(library, "pipelines/mine.lua", "return { run = function() end }");
  put(beside, "lib/far.lua", "return 1");
  return 0;
}

static int close_place(void **state) {
  (void)state;
  nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}

/* ---- each way in which a script changes; afterwards lib/own, lib/far or another name has the text "return 2" */

static char *path_of(const char *base, const char *name) {
  return mem_printf("%s/%s", base, name);
}

static void edit(void) {
  put(library, "scripts/lib/own.lua", "return 2");
}
/* As many bytes, and its time put back to what it was. */
static void edit_and_hide_it(void) {
  char *path = path_of(library, "scripts/lib/own.lua");
  struct stat st;
  stat(path, &st);
  edit();
  struct timespec times[2] = {st.st_atim, st.st_mtim};
  utimensat(AT_FDCWD, path, times, 0);
  free(path);
}
static void replace(void) {
  char *from = path_of(library, "scripts/lib/.new"), *to = path_of(library, "scripts/lib/own.lua");
  put(library, "scripts/lib/.new", "return 2");
  assert_int_equal(rename(from, to), 0);
  free(from);
  free(to);
}
static void add(void) {
  put(library, "scripts/lib/added.lua", "return 2");
}
static void add_folder(void) {
  put(library, "scripts/lib/deep/added.lua", "return 2");
}
static void shadow(void) {
  put(library, "scripts/phases/writing.lua", "return 2");
}
static void take_away(void) {
  char *path = path_of(library, "scripts/lib/own.lua");
  assert_int_equal(unlink(path), 0);
  free(path);
}
static void link_file(void) {
  char *to = path_of(library, "scripts/lib/linked.lua"), *from = path_of(beside, "lib/far.lua");
  assert_int_equal(symlink(from, to), 0);
  free(to);
  free(from);
}
static void edit_behind_link(void) {
  put(beside, "lib/far.lua", "return 2");
}
static void link_folder(void) {
  char *to = path_of(library, "scripts/linked"), *from = path_of(beside, "lib");
  assert_int_equal(symlink(from, to), 0);
  free(to);
  free(from);
}
static void swap_folder_behind_link(void) {
  char *old = path_of(beside, "lib"), *away = path_of(beside, "away");
  assert_int_equal(rename(old, away), 0);
  put(beside, "lib/far.lua", "return 2");
  free(old);
  free(away);
}
static void second_name(void) {
  char *from = path_of(library, "scripts/lib/own.lua"), *to = path_of(beside, "same.lua");
  assert_int_equal(link(from, to), 0);
  free(from);
  free(to);
}
static void edit_by_second_name(void) {
  put(beside, "same.lua", "return 2");
}
static void edit_by_new_second_name(void) {
  second_name();
  edit_by_second_name();
}
static void swap_library(void) {
  char *away = path_of(dir, "away");
  assert_int_equal(rename(library, away), 0);
  put(library, "scripts/lib/own.lua", "return 2");
  free(away);
}
/* More events than the kernel keeps, then one that it drops. */
static void change_while_nobody_listens(void) {
  char *path = path_of(library, "scripts/lib/.scratch");
  for (int i = 0; i < 20000; i++) {
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    unlink(path);
  }
  free(path);
  edit();
}
/* The folder that was looked at is made only now. */
static void make_folder(void) {
  char *scripts = path_of(library, "scripts"), *away = path_of(dir, "scripts-away");
  assert_int_equal(rename(away, scripts), 0);
  put(library, "scripts/lib/own.lua", "return 2");
  free(scripts);
  free(away);
}
static void hide_folder(void) {
  char *scripts = path_of(library, "scripts"), *away = path_of(dir, "scripts-away");
  assert_int_equal(rename(scripts, away), 0);
  free(scripts);
  free(away);
}
static void nothing(void) {}

static const struct change {
  const char *what;
  void (*before)(void), (*change)(void);
  const char *name, *text; /* of this script afterwards; NULL: it is gone */
} changes[] = {
    {"edited in place", nothing, edit, "lib/own", "return 2"},
    {"edited, its time and size as before", nothing, edit_and_hide_it, "lib/own", "return 2"},
    {"replaced by another file", nothing, replace, "lib/own", "return 2"},
    {"a new file", nothing, add, "lib/added", "return 2"},
    {"a new folder", nothing, add_folder, "lib/deep/added", "return 2"},
    {"a library's file before a built-in one", nothing, shadow, "phases/writing", "return 2"},
    {"removed", nothing, take_away, "lib/own", NULL},
    {"a new link", nothing, link_file, "lib/linked", "return 1"},
    {"edited behind a link", link_file, edit_behind_link, "lib/linked", "return 2"},
    {"edited in a folder behind a link", link_folder, edit_behind_link, "linked/far", "return 2"},
    {"another folder behind a link", link_folder, swap_folder_behind_link, "linked/far", "return 2"},
    {"edited by its other name", second_name, edit_by_second_name, "lib/own", "return 2"},
    {"a second name, then edited by that", nothing, edit_by_new_second_name, "lib/own", "return 2"},
    {"another library in its place", nothing, swap_library, "lib/own", "return 2"},
    {"edited after more changes than the kernel counts", nothing, change_while_nobody_listens, "lib/own",
     "return 2"},
    {"a folder that was not there", hide_folder, make_folder, "lib/own", "return 2"},
};

static void settle(void) { /* until the files' times are old enough to be told apart */
  usleep((RECENT_MS + 100) * 1000);
}

static struct script_set *get(struct script_cache *c) {
  struct script_set *s = NULL;
  struct error e = {0};
  if (script_cache_get(c, &s, &e) != OK) fail_msg("%s", e.message);
  return s;
}

static void a_run_starts_with_the_scripts_that_are_on_the_disk_then(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    if (i) open_place(state);
    const char *dirs[] = {library, NULL};
    struct script_cache *c = script_cache_new(dirs);
    changes[i].before();
    struct script_set *before = get(c);
    changes[i].change();
    struct script_set *after = get(c);
    const struct script_file *f = script_set_find(after, changes[i].name);
    if (!changes[i].text ? f != NULL : !f || strcmp(f->text, changes[i].text) != 0)
      fail_msg("%s: the run gets %s", changes[i].what, f ? f->text : "none");
    script_set_unref(before);
    script_set_unref(after);
    script_cache_free(c);
    close_place(state);
  }
  open_place(state);
}

/* Where the kernel tells nothing, by the stamps of the files. One settling for all: each has its own place. */
static void a_change_is_seen_where_the_kernel_tells_of_none(void **state) {
  (void)state;
  enum { N = sizeof changes / sizeof *changes };
  struct {
    char dir[sizeof dir], library[sizeof library], beside[sizeof beside];
    struct script_watch *watch;
  } places[N];
  close_place(state);
  for (size_t i = 0; i < N; i++) {
    open_place(state);
    changes[i].before();
    memcpy(places[i].dir, dir, sizeof dir);
    memcpy(places[i].library, library, sizeof library);
    memcpy(places[i].beside, beside, sizeof beside);
  }
  settle();
  for (size_t i = 0; i < N; i++) {
    memcpy(dir, places[i].dir, sizeof dir);
    memcpy(library, places[i].library, sizeof library);
    memcpy(beside, places[i].beside, sizeof beside);
    struct script_set *s = script_set_new();
    struct script_watch *w = script_watch_new(false);
    script_set_watch(s, w);
    assert_int_equal(script_set_add_dir(s, library, NULL), OK);
    script_set_seal(s);
    script_set_unref(s);
    assert_true(script_watch_same(w));
    changes[i].change();
    if (script_watch_same(w)) fail_msg("%s: not seen", changes[i].what);
    script_watch_free(w);
    if (i + 1 < N) close_place(state);
  }
}

static void what_did_not_change_is_not_read_again(void **state) {
  (void)state;
  const char *dirs[] = {library, NULL};
  struct script_cache *c = script_cache_new(dirs);
  struct script_set *first = get(c);
  put(library, "scripts/lib/.own.lua.swp", "an editor's notes");
  put(library, "notes.txt", "not a script");
  struct script_set *second = get(c);
  assert_ptr_equal(first, second);
  script_set_unref(first);
  script_set_unref(second);
  script_cache_free(c);
}

static void a_broken_script_is_told_of_until_it_is_mended(void **state) {
  (void)state;
  const char *dirs[] = {library, NULL};
  struct script_cache *c = script_cache_new(dirs);
  script_set_unref(get(c));
  put(library, "scripts/lib/own.lua", "return return");
  struct script_set *s = NULL;
  for (int i = 0; i < 2; i++) {
    struct error e = {0};
    assert_int_equal(script_cache_get(c, &s, &e), ERR_SCRIPT);
    assert_non_null(strstr(e.message, "lib/own.lua:1"));
  }
  put(library, "scripts/lib/own.lua", "return 3");
  script_set_unref(get(c));
  script_cache_free(c);
}

/* ---- the threads that answer requests */

enum { ASKERS = 8, ASKS = 200 };
static atomic_int at_work, most_at_work, done;

static void one_thing(void *arg) {
  int now = atomic_fetch_add(&at_work, 1) + 1, most = atomic_load(&most_at_work);
  while (now > most && !atomic_compare_exchange_weak(&most_at_work, &most, now)) continue;
  char *stack = arg;
  memset(stack, 1, 1);
  if (atomic_fetch_add(&done, 1) % 16 == 0) usleep(1000);
  atomic_fetch_sub(&at_work, 1);
}

static void *ask_often(void *arg) {
  for (int i = 0; i < ASKS; i++) {
    char mark = 0;
    assert_true(hands_do(arg, one_thing, &mark));
    assert_int_equal(mark, 1);
  }
  return NULL;
}

static void each_request_is_answered_by_a_thread_that_is_free(void **state) {
  (void)state;
  struct hands *h = hands_new(256 << 10);
  pthread_t askers[ASKERS];
  for (int i = 0; i < ASKERS; i++) assert_int_equal(pthread_create(&askers[i], NULL, ask_often, h), 0);
  for (int i = 0; i < ASKERS; i++) pthread_join(askers[i], NULL);
  assert_int_equal(done, ASKERS * ASKS);
  assert_in_range(most_at_work, 1, ASKERS);
  hands_free(h);
}

static pthread_t answered_by;
static void note_thread(void *arg) {
  *(pthread_t *)arg = pthread_self();
}
static void a_thread_is_kept_for_the_next_request(void **state) {
  (void)state;
  struct hands *h = hands_new(256 << 10);
  assert_true(hands_do(h, note_thread, &answered_by));
  pthread_t first = answered_by;
  for (int i = 0; i < 100; i++) assert_true(hands_do(h, note_thread, &answered_by));
  assert_true(pthread_equal(first, answered_by));
  hands_free(h);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void) {
  const struct CMUnitTest tests[] = {CASE(a_run_starts_with_the_scripts_that_are_on_the_disk_then),
                                     CASE(a_change_is_seen_where_the_kernel_tells_of_none),
                                     CASE(what_did_not_change_is_not_read_again),
                                     CASE(a_broken_script_is_told_of_until_it_is_mended),
                                     cmocka_unit_test(each_request_is_answered_by_a_thread_that_is_free),
                                     cmocka_unit_test(a_thread_is_kept_for_the_next_request)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
