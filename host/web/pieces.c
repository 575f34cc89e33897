/* pieces.c - see pieces.h. To go on in the middle of a document means to walk to that place, so a piece is large while the client takes
 * them as they come, and small when he is slow: he holds it for as long as he likes. */
#include "web/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/text.h"

enum {
  PIECE_LEAST = 128 << 10,
  PIECE_MOST = 512 << 10,
  SLOW_NS = 50000000,     /* for one piece */
  SLICE_BYTES = 32 << 10, /* of a piece, as JSON */
  CHARACTER_MOST = 4
};

/* True: there is room for more. */
static bool fill(void *arg, const char *bytes, size_t n) {
  struct buf *b = arg;
  size_t room = b->max - b->len;
  buf_append(b, bytes, n < room ? n : room);
  return b->len < b->max;
}

enum err pieces_read_start(struct db *db, const struct artifact_place *place, struct buf *out,
                           struct error *e) {
  return artifact_parts(db, place, 0, fill, out, e);
}

/* One document on its way to one client. */
struct walk {
  struct store *store;
  const struct artifact_place *place;
  int64_t at;
  size_t wanted;
  struct buf piece;
  uint64_t read_ns;
};

static struct walk walk_from_start(struct store *s, const struct artifact_place *place) {
  struct walk w = {.store = s, .place = place, .wanted = PIECE_LEAST};
  buf_init(&w.piece, w.wanted);
  return w;
}

static bool at_end(const struct walk *w) {
  return w->at >= w->place->size;
}

/* False: it cannot be read, which was logged. Go on by adding to `at` what was used of the piece. */
static bool read_piece(struct walk *w) {
  struct error e = {0};
  bool quick = w->read_ns && clock_mono_ns() - w->read_ns < SLOW_NS;
  w->wanted = !quick ? PIECE_LEAST : w->wanted < PIECE_MOST ? 2 * w->wanted : PIECE_MOST;
  buf_release(&w->piece);
  buf_init(&w->piece, w->wanted);
  struct db *db = store_reader(w->store);
  enum err err = artifact_parts(db, w->place, w->at, fill, &w->piece, &e);
  store_reader_release(w->store, db);
  w->read_ns = clock_mono_ns();
  if (err != OK) log_warnx("a document was not sent to its end: %s", e.message);
  return err == OK && w->piece.len > 0;
}

void pieces_send(struct response *a, struct store *s, const struct artifact_place *place, const char *type) {
  if (!response_start_sized(a, 200, type, (size_t)place->size)) return;
  struct walk w = walk_from_start(s, place);
  for (; !at_end(&w) && read_piece(&w); w.at += (int64_t)w.piece.len)
    if (!response_write(a, w.piece.data, w.piece.len)) break;
  buf_release(&w.piece);
}

/* ---- as JSON */

/* How many bytes are whole characters: all but the beginning of one that ends later. -1: it is no text. */
static ssize_t whole_characters(const char *s, size_t n) {
  size_t bad = n;
  if (utf8_valid(s, n, &bad)) return (ssize_t)n;
  return n - bad < CHARACTER_MOST ? (ssize_t)bad : -1;
}

struct check {
  char begun[CHARACTER_MOST]; /* of a character, at the end of the last part */
  size_t n_begun;
  bool text;
  struct buf joined;
};

static bool check_part(void *arg, const char *bytes, size_t n) {
  struct check *c = arg;
  buf_clear(&c->joined);
  buf_append(&c->joined, c->begun, c->n_begun);
  buf_append(&c->joined, bytes, n);
  ssize_t whole = whole_characters(c->joined.data, c->joined.len);
  c->text = whole >= 0;
  if (!c->text) return false;
  c->n_begun = c->joined.len - (size_t)whole;
  memcpy(c->begun, c->joined.data + whole, c->n_begun);
  return true;
}

static bool is_text(struct store *s, const struct artifact_place *place) {
  struct check c = {.text = true};
  struct error e = {0};
  buf_init(&c.joined, PIECE_MOST);
  struct db *db = store_reader(s);
  enum err err = artifact_parts(db, place, 0, check_part, &c, &e);
  store_reader_release(s, db);
  buf_release(&c.joined);
  return err == OK && c.text && c.n_begun == 0;
}

/* As they stand in a JSON string. */
static bool write_slice(struct response *a, const char *text, size_t n) {
  struct buf out;
  buf_init(&out, MAX_AS_JSON(SLICE_BYTES));
  bool ok = json_put_string(&out, text, n) == OK && response_write(a, out.data + 1, out.len - 2);
  buf_release(&out);
  return ok;
}

/* All but the beginning of a character that the next piece ends. Moves on. */
static bool write_piece(struct response *a, struct walk *w) {
  for (size_t at = 0; at < w->piece.len;) {
    size_t left = w->piece.len - at, n = left < SLICE_BYTES ? left : SLICE_BYTES;
    ssize_t whole = whole_characters(w->piece.data + at, n);
    if (whole < 0) return false;
    if (whole == 0) break;
    if (!write_slice(a, w->piece.data + at, (size_t)whole)) return false;
    at += (size_t)whole;
    w->at += whole;
  }
  return w->piece.len > 0;
}

/* False: the client is gone, or a piece cannot be read. */
static bool write_characters(struct response *a, struct store *s, const struct artifact_place *place) {
  struct walk w = walk_from_start(s, place);
  bool ok = true;
  while (ok && !at_end(&w)) ok = read_piece(&w) && write_piece(a, &w);
  buf_release(&w.piece);
  return ok;
}

void pieces_send_json(struct response *a, struct store *s, const struct artifact_place *place, json_t *head) {
  if (!is_text(s, place)) {
    json_object_set_new(head, "content", json_null());
    response_json(a, 200, head);
    return;
  }
  char *json = jsonx_dumps(head);
  json_decref(head);
  bool ok = json && response_start(a, 200, "application/json") && response_write(a, json, strlen(json) - 1) &&
            response_write(a, ",\"content\":\"", 12) && write_characters(a, s, place) &&
            response_write(a, "\"}", 2);
  if (!ok && response_started(a)) response_abort(a);
  free(json);
}
