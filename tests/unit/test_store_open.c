/* Opening a library: new, old, newer, damaged, somebody else's, on a disk that cannot hold it. */
#include "store_fixture.h"
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include "store/schema.h"
#include "store/write/spool.h"

static enum err try_open(const char *dir, enum store_role role, struct error *e) {
  struct store *s;
  *e = (struct error){0};
  enum err err = store_open(dir, role, &s, e);
  if (err == OK) store_close(s);
  assert_int_equal(err, e->code);
  if (err != OK) assert_true(*e->message);
  return err;
}

/* The write side of a closed library, past the store. */
static void change(const struct fixture *f, const char *sql) {
  char *path = mem_printf("%s/quire.db", f->dir);
  sqlite3 *h;
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(h);
  free(path);
}

static mode_t mode_of(const char *dir, const char *name) {
  char *path = mem_printf("%s/%s", dir, name);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  free(path);
  return st.st_mode & 0777;
}

static void a_new_library_is_private(void **state) {
  struct fixture *f = *state;
  char *dir = mem_printf("%s/deep/library", f->dir), *parent = mem_printf("%s/deep", f->dir);
  struct store *s = open_store(dir, STORE_OWNER);
  create_run(s, "b");
  assert_int_equal(mode_of(parent, "library"), 0700);
  assert_int_equal(mode_of(dir, "quire.db"), 0600);
  assert_int_equal(mode_of(dir, "quire.db-wal"), 0600);
  assert_int_equal(mode_of(dir, "lock"), 0600);
  store_close(s);
  remove_dir(dir);
  remove_dir(parent);
  free(dir);
  free(parent);
}

static void a_reader_opens_a_cleanly_closed_library(void **state) {
  struct fixture *f = *state;
  create_run(f->store, "b");
  store_close(f->store);
  f->store = open_store(f->dir, STORE_READER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), 1);
  struct op_run_create op = {.op = {.kind = &op_run_create_kind}, .pipeline = "p"};
  assert_int_equal(store_do(f->store, &op.op), ERR_READONLY);
}

static void a_reader_reads_beside_an_owner(void **state) {
  struct fixture *f = *state;
  struct store *reader = open_store(f->dir, STORE_READER);
  create_run(f->store, "b");
  assert_int_equal(ask(reader, "SELECT count(*) FROM runs"), 1);
  create_run(f->store, "b");
  assert_int_equal(ask(reader, "SELECT count(*) FROM runs"), 2);
  store_close(reader);
}

static void move_database(const struct fixture *f, const char *from, const char *to) {
  char *a = mem_printf("%s/%s", f->dir, from), *b = mem_printf("%s/%s", f->dir, to);
  assert_int_equal(rename(a, b), 0);
  free(a);
  free(b);
}

/* No descriptor is left, or the file cannot be reached for a moment: each question is answered with the reason, and the next one tries anew. */
static void what_cannot_be_opened_now_answers_with_the_reason(void **state) {
  struct fixture *f = *state;
  int64_t run = create_run(f->store, "b");
  struct run_row row = {0};
  struct error e = {0};
  move_database(f, "quire.db", "elsewhere");
  struct db *db = store_reader(f->store);
  assert_non_null(db);
  assert_int_equal(run_get(db, run, &row, &e), ERR_IO);
  assert_non_null(strstr(e.message, f->dir));
  int64_t n = 0;
  assert_int_equal(runs_count_unfinished(db, &n), ERR_IO);
  assert_int_equal(db_exec(db, "SELECT 1"), ERR_IO);
  assert_int_equal(db_snapshot_begin(db), ERR_IO);
  db_snapshot_end(db);
  store_reader_release(f->store, db);
  move_database(f, "elsewhere", "quire.db");
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), 1);
}

static void a_reader_needs_a_library(void **state) {
  struct fixture *f = *state;
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_READER, &e), ERR_NOT_FOUND);
  assert_non_null(strstr(e.hint, "--library"));
  char *none = mem_printf("%s/none", f->dir);
  assert_int_equal(try_open(none, STORE_READER, &e), ERR_NOT_FOUND);
  free(none);
}

static void every_migration_leads_to_the_newest_schema(void **state) {
  struct fixture *f = *state;
  char *path = mem_printf("%s/quire.db", f->dir);
  for (int from = 0; from <= schema_version(); from++) {
    struct db *db;
    struct error e = {0};
    assert_int_equal(db_open(path, DB_WRITER, &db, &e), OK);
    assert_int_equal(schema_migrate_to(db, from, &e), OK);
    db_close(db);
    if (from < schema_version()) assert_int_equal(try_open(f->dir, STORE_READER, &e), ERR_CONFLICT);
    struct store *s = open_store(f->dir, STORE_OWNER);
    assert_int_equal(ask(s, "PRAGMA user_version"), schema_version());
    create_run(s, "b");
    store_close(s);
    remove_dir(f->dir);
    mkdir(f->dir, 0700);
  }
  free(path);
}

/* Before version 5 nobody did: a library that was used for a year has some. */
static void calls_that_an_older_version_never_booked_are_counted(void **state) {
  struct fixture *f = *state;
  char *path = mem_printf("%s/quire.db", f->dir);
  struct db *db;
  struct error e = {0};
  assert_int_equal(db_open(path, DB_WRITER, &db, &e), OK);
  assert_int_equal(schema_migrate_to(db, 4, &e), OK);
  assert_int_equal(
      db_exec(
          db,
          "INSERT INTO projects (slug, title, kind, created_at, updated_at) VALUES ('b', 'B', 'book', 1, 1);"
          "INSERT INTO script_sets (id, hash, created_at) VALUES (1, 'h', 1);"
          "INSERT INTO runs (id, project_id, pipeline, script_set, status, epoch, calls, created_at, ended_at) VALUES"
          " (1, 1, 'p', 1, 'completed', 2, 5, 1, 9), (2, 1, 'p', 1, 'running', 3, 6, 1, NULL);"
          "INSERT INTO calls (run_id, epoch, state, attempt, scope, hash, n, role, provider, model, created_at) VALUES"
          " (1, 1, 'sent', 1, '/', x'00', 0, 'w', 'p', 'm', 1), (1, 2, 'sent', 1, '/', x'01', 0, 'w', 'p', 'm', 1),"
          " (2, 2, 'sent', 1, '/', x'00', 0, 'w', 'p', 'm', 1), (2, 3, 'sent', 1, '/', x'00', 0, 'w', 'p', 'm', 1);"),
      OK);
  assert_int_equal(schema_migrate(db, &e), OK);
  db_close(db);
  struct store *s = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(s, "SELECT calls * 10 + unpriced_calls FROM runs WHERE id = 1"), 72);
  assert_int_equal(ask(s, "SELECT calls * 10 + unpriced_calls FROM runs WHERE id = 2"), 71);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE state = 'sent'"), 1); /* its claim books it */
  store_close(s);
  free(path);
}

/* Before version 9 a reason was one sentence with its commands; the browser showed what was left when they were cut out. */
static void what_a_run_waited_for_under_an_older_version_is_a_phrase_and_a_hint(void **state) {
  struct fixture *f = *state;
  char *path = mem_printf("%s/quire.db", f->dir);
  struct db *db;
  struct error e = {0};
  assert_int_equal(db_open(path, DB_WRITER, &db, &e), OK);
  assert_int_equal(schema_migrate_to(db, 8, &e), OK);
  assert_int_equal(
      db_exec(
          db,
          "INSERT INTO projects (slug, title, kind, created_at, updated_at) VALUES ('b', 'B', 'book', 1, 1);"
          "INSERT INTO runs (id, project_id, pipeline, status, created_at, wait_kind, wait_for) VALUES"
          " (1, 1, 'p', 'waiting', 1, 'gate', 'a person to decide: Good; or not? (gate 1)'),"
          " (2, 1, 'p', 'waiting', 1, 'key', 'no key for x; set X_KEY; or name another'),"
          " (3, 1, 'p', 'waiting', 1, 'until', 'stopped after plan, as asked; it goes on with `quire resume 3`'),"
          " (4, 1, 'p', 'waiting', 1, 'budget', 'all is spent');"
          "INSERT INTO run_texts (run_id, input, options) SELECT id, '{}', '{}' FROM runs;"
          "INSERT INTO gates (run_id, scope, hash, n, title, show, show_sha, choices, created_at)"
          " VALUES (1, '/', x'00', 0, 'Good; or not?', '', '', '[]', 1);"),
      OK);
  assert_int_equal(schema_migrate(db, &e), OK);
  db_close(db);
  static const struct {
    const char *what, *hint;
  } expected[] = {{"Good; or not?", NULL},
                  {"no key for x", "set X_KEY; or name another"},
                  {"stopped after plan, as asked", NULL},
                  {"all is spent", NULL}};
  struct store *s = open_store(f->dir, STORE_OWNER);
  for (int i = 0; i < 4; i++) {
    struct run_row row = get_run(s, i + 1);
    assert_string_equal(row.wait_for, expected[i].what);
    if (expected[i].hint)
      assert_string_equal(row.wait_hint, expected[i].hint);
    else
      assert_null(row.wait_hint);
    run_row_release(&row);
  }
  store_close(s);
  free(path);
}

static void a_newer_schema_is_refused_and_left_alone(void **state) {
  struct fixture *f = *state;
  store_close(f->store);
  f->store = NULL;
  change(f, "PRAGMA user_version = 999");
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_NEWER);
  assert_int_equal(try_open(f->dir, STORE_READER, &e), ERR_NEWER);
  assert_true(*e.hint);
}

static void another_programs_database_is_refused(void **state) {
  struct fixture *f = *state;
  change(f, "CREATE TABLE recipes (x)");
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_INVALID);
}

static void write_at(const struct fixture *f, off_t at, const char *text, size_t n) {
  char *path = mem_printf("%s/quire.db", f->dir);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_int_equal(pwrite(fd, text, n, at), n);
  close(fd);
  free(path);
}

static void a_damaged_file_says_what_to_do(void **state) {
  struct fixture *f = *state;
  store_close(f->store);
  f->store = NULL;
  write_at(f, 0, "This is no database at all, is it?", 34);
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_CORRUPT);
  assert_non_null(strstr(e.hint, "quire restore"));
  assert_int_equal(try_open(f->dir, STORE_READER, &e), ERR_CORRUPT);
}

static void damage_found_later_is_told_and_spooled(void **state) {
  struct fixture *f = *state;
  int64_t run = create_run(f->store, "b"), epoch = claim(f->store, run);
  int64_t page = ask(f->store, "SELECT rootpage FROM sqlite_schema WHERE name = 'journal'");
  store_close(f->store);
  char junk[4096];
  memset(junk, 0x5A, sizeof junk);
  write_at(f, (off_t)(page - 1) * 4096, junk, sizeof junk);
  f->store = open_store(f->dir, STORE_OWNER);
  struct op_journal op = {.op = {.kind = &op_journal_kind}, .entry = entry_of(run, epoch, 1, "step", "1")};
  assert_int_equal(store_do(f->store, &op.op), OK);
  assert_true(op.op.spooled);
  assert_false(store_healthy(f->store));
  struct op_notes *notes = mem_alloc(sizeof *notes);
  *notes = (struct op_notes){.op = {.kind = &op_notes_kind}, .entry = entry_of(run, epoch, 2, "notes", NULL)};
  assert_int_equal(store_do(f->store, &notes->op), ERR_CORRUPT);
  assert_non_null(strstr(notes->op.error.hint, "quire restore"));
  notes->op.kind->free(&notes->op);
}

static void places_that_cannot_hold_a_library_are_refused(void **state) {
  struct fixture *f = *state;
  struct error e;
  char *file = mem_printf("%s/file", f->dir), *below = mem_printf("%s/file/library", f->dir);
  int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  close(fd);
  assert_int_equal(try_open(file, STORE_OWNER, &e), ERR_INVALID);
  assert_true(*e.hint);
  assert_int_not_equal(try_open(below, STORE_OWNER, &e), OK);
  assert_int_not_equal(try_open("/proc/self", STORE_OWNER, &e), OK);
  assert_int_not_equal(try_open("/proc/none/library", STORE_OWNER, &e), OK);
  free(file);
  free(below);
}

static void network_file_systems_are_known(void **state) {
  (void)state;
  assert_string_equal(library_network_magic(0x6969), "NFS");
  assert_string_equal(library_network_magic(0xFF534D42), "CIFS");
  assert_null(library_network_magic(0xEF53)); /* ext4 */
  assert_true(library_network_fuse("fuse.sshfs"));
  assert_false(library_network_fuse("fuseblk"));
  assert_int_equal(library_check_filesystem("/tmp", NULL), OK);
}

/* --- the owner --- */

/* Another process that owns the library until its input ends. */
static int owner_main(const char *dir) {
  struct store *s = open_store(dir, STORE_OWNER);
  struct library_owner owner = {
      .pid = getpid(), .address = "127.0.0.1:41234", .token = "secret", .command = "serve"};
  if (library_set_owner(dir, &owner, NULL) != OK || write(1, "O", 1) != 1) return 1;
  char c;
  while (read(0, &c, 1) > 0) continue;
  store_close(s);
  return 0;
}

static pid_t start_owner(const char *dir, int *in) {
  int to[2], from[2];
  assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    execl("/proc/self/exe", "self", "owner", dir, (char *)NULL);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  *in = to[1];
  char c = 0;
  assert_int_equal(read(from[0], &c, 1), 1);
  close(from[0]);
  return pid;
}

static void a_library_has_one_owner_and_says_who(void **state) {
  struct fixture *f = *state;
  int in;
  pid_t pid = start_owner(f->dir, &in);
  char number[16];
  snprintf(number, sizeof number, "%d", (int)pid);
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_OWNED);
  assert_non_null(strstr(e.message, number));
  assert_non_null(strstr(e.message, "127.0.0.1:41234"));
  struct library_owner owner;
  assert_int_equal(library_get_owner(f->dir, &owner, NULL), OK);
  assert_int_equal(owner.pid, pid);
  assert_string_equal(owner.token, "secret");
  assert_int_equal(mode_of(f->dir, "owner.json"), 0600);
  struct store *reader = open_store(f->dir, STORE_READER); /* reading is for everybody */
  store_close(reader);

  kill(pid, SIGSTOP); /* a stopped owner still owns */
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_OWNED);
  assert_int_equal(library_get_owner(f->dir, &owner, NULL), OK);

  kill(pid, SIGKILL); /* a dead one does not, at once */
  struct store *s = open_store(f->dir, STORE_OWNER);
  waitpid(pid, NULL, 0);
  close(in);
  assert_int_equal(library_get_owner(f->dir, &owner, NULL), OK);
  assert_int_equal(owner.pid, getpid());
  assert_string_equal(owner.address, ""); /* the dead one's owner.json is not believed */
  store_close(s);
  assert_int_equal(library_get_owner(f->dir, &owner, NULL), ERR_NOT_FOUND);
}

static char *in_dir(const struct fixture *f, const char *name) {
  return mem_printf("%s/%s", f->dir, name);
}

static void an_owner_whose_lock_file_was_removed_still_owns(void **state) {
  struct fixture *f = *state;
  int in;
  pid_t pid = start_owner(f->dir, &in);
  char *lock = in_dir(f, "lock");
  assert_int_equal(unlink(lock), 0);
  struct library_owner owner;
  assert_int_equal(library_get_owner(f->dir, &owner, NULL), OK);
  assert_int_equal(owner.pid, pid);
  struct error e;
  assert_int_equal(try_open(f->dir, STORE_OWNER, &e), ERR_OWNED);
  assert_non_null(strstr(e.message, "127.0.0.1:41234"));
  kill(pid, SIGKILL);
  store_close(open_store(f->dir, STORE_OWNER));
  waitpid(pid, NULL, 0);
  close(in);
  free(lock);
}

static void an_owner_makes_a_removed_lock_again_or_learns_that_another_has_it(void **state) {
  struct fixture *f = *state;
  struct library_owner owner;
  char *lock = in_dir(f, "lock");
  int mine, other;
  assert_int_equal(library_lock(f->dir, &mine, &owner, NULL), OK);
  assert_true(library_keep_lock(f->dir, &mine));
  unlink(lock);
  assert_true(library_keep_lock(f->dir, &mine));
  assert_int_equal(library_lock(f->dir, &other, &owner, NULL), ERR_OWNED);
  unlink(lock);
  assert_int_equal(library_lock(f->dir, &other, &owner, NULL), OK); /* nobody is named in owner.json */
  assert_false(library_keep_lock(f->dir, &mine));
  close(mine);
  close(other);
  free(lock);
}

static void a_database_with_two_names_is_refused(void **state) {
  struct fixture *f = *state;
  store_close(open_store(f->dir, STORE_OWNER));
  char *db = in_dir(f, "quire.db"), *other = in_dir(f, "other.db");
  struct error e;
  assert_int_equal(link(db, other), 0);
  for (int role = STORE_OWNER; role <= STORE_READER; role++) {
    assert_int_equal(try_open(f->dir, (enum store_role)role, &e), ERR_INVALID);
    assert_non_null(strstr(e.message, "hard link"));
    assert_true(*e.hint);
  }
  assert_int_equal(unlink(db) | symlink("other.db", db), 0);
  for (int role = STORE_OWNER; role <= STORE_READER; role++) {
    assert_int_equal(try_open(f->dir, (enum store_role)role, &e), ERR_INVALID);
    assert_non_null(strstr(e.message, "symbolic link"));
  }
  assert_int_equal(rename(other, db), 0);
  store_close(open_store(f->dir, STORE_OWNER));
  free(db);
  free(other);
}

static void the_lock_is_freed_with_its_descriptor(void **state) {
  struct fixture *f = *state;
  struct library_owner owner;
  int first, second;
  assert_int_equal(library_lock(f->dir, &first, &owner, NULL), OK);
  assert_int_equal(library_lock(f->dir, &second, &owner, NULL), ERR_OWNED);
  assert_int_equal(owner.pid, getpid());
  close(first);
  assert_int_equal(library_lock(f->dir, &second, &owner, NULL), OK);
  close(second);
}

static void the_library_is_where_the_user_says(void **state) {
  (void)state;
  static const struct {
    const char *flag, *quire, *xdg, *expected;
  } cases[] = {{"/a", "/b", "/c", "/a"},
               {NULL, "/b", "/c", "/b"},
               {NULL, NULL, "/c", "/c/quire"},
               {"", "", NULL, "/nest/.local/share/quire"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    setenv("HOME", "/nest", 1);
    if (cases[i].quire)
      setenv("QUIRE_LIBRARY", cases[i].quire, 1);
    else
      unsetenv("QUIRE_LIBRARY");
    if (cases[i].xdg)
      setenv("XDG_DATA_HOME", cases[i].xdg, 1);
    else
      unsetenv("XDG_DATA_HOME");
    char *path = library_path(cases[i].flag);
    assert_string_equal(path, cases[i].expected);
    free(path);
  }
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CASE_DIR(name) cmocka_unit_test_setup_teardown(name, setup_dir, teardown)

int main(int argc, char **argv) {
  setenv("QUIRE_LOCK_ATTEMPTS", "2", 1);
  setenv("QUIRE_LOCK_STEP_MS", "40", 1);
  if (argc == 3 && strcmp(argv[1], "owner") == 0) return owner_main(argv[2]);
  const struct CMUnitTest tests[] = {
      CASE_DIR(a_new_library_is_private),
      CASE(a_reader_opens_a_cleanly_closed_library),
      CASE(a_reader_reads_beside_an_owner),
      CASE(what_cannot_be_opened_now_answers_with_the_reason),
      CASE_DIR(a_reader_needs_a_library),
      CASE_DIR(every_migration_leads_to_the_newest_schema),
      CASE_DIR(calls_that_an_older_version_never_booked_are_counted),
      CASE_DIR(what_a_run_waited_for_under_an_older_version_is_a_phrase_and_a_hint),
      CASE(a_newer_schema_is_refused_and_left_alone),
      CASE_DIR(another_programs_database_is_refused),
      CASE(a_damaged_file_says_what_to_do),
      CASE(damage_found_later_is_told_and_spooled),
      CASE_DIR(places_that_cannot_hold_a_library_are_refused),
      cmocka_unit_test(network_file_systems_are_known),
      CASE_DIR(a_library_has_one_owner_and_says_who),
      CASE_DIR(an_owner_whose_lock_file_was_removed_still_owns),
      CASE_DIR(an_owner_makes_a_removed_lock_again_or_learns_that_another_has_it),
      CASE_DIR(a_database_with_two_names_is_refused),
      CASE_DIR(the_lock_is_freed_with_its_descriptor),
      cmocka_unit_test(the_library_is_where_the_user_says),
  };
  return cmocka_run_group_tests_name("store open", tests, NULL, NULL);
}
