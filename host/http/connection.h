/* connection.h - what door.c and connection.c share: a connection, and the door it came by. */
#pragma once
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/list.h"
#include "base/loop.h"
#include "http/door.h"
#include "http/lane.h"

enum {
  CONNECTION_LATER_BYTES = 1 << 20, /* of an answer, sent by the door's thread */
  PIECE_BYTES = 64 << 10
};

enum connection_state { HEAD, BODY, OUT, LAST, BUSY };

struct connection {
  struct door *door;
  struct watch watch;
  struct timer timer;
  struct post back; /* from its worker */
  struct list node; /* in `waiting`, or in a lane */
  enum connection_state state;
  in_addr_t address;
  char peer[INET_ADDRSTRLEN];
  struct buf in, out;
  size_t out_at;
  char *text; /* of the head; NULL between requests */
  struct head head;
  int refused;
  const char *why;
  size_t wanted; /* bytes of body */
  uint64_t body_until;
  bool wants, again, end_after;
  void *user;
};

struct door {
  struct door_settings settings;
  struct loop *loop;
  struct watch listener;
  struct timer room; /* accepts again */
  struct list waiting;
  int n_waiting, port, stop_fd;
  pthread_t thread;
  struct lane lane, urgent;
  atomic_bool closing;
  char piece[PIECE_BYTES];
};

/* 0: the client takes nothing now; -1: it is gone. */
ssize_t connection_send(struct connection *c, const char *bytes, size_t n);
/* Until when n bytes must have been taken. */
uint64_t connection_time_to_send(const struct connection *c, size_t n);
