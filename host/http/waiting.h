/* waiting.h - connections that hold a thread of civetweb and have not sent a whole request: silent ones, slow ones, those kept alive.
 *
 *   waiting_new -> (waiting_begin -> (waiting_busy -> waiting_idle)* -> waiting_end)* -> waiting_free
 *
 * civetweb gives a thread to each connection from its first moment and takes its time. So only some threads may be held in this way: when one
 * more connection comes, the one that has been silent longest is closed, and its thread is free for who has something to say. Any server
 * thread. */
#pragma once

struct waiting;
struct waiting_slot; /* one connection */

/* At most `most` of them. */
struct waiting *waiting_new(int most);
void waiting_free(struct waiting *w);
/* The server's port, once it is known: nothing is closed before. */
void waiting_listens(struct waiting *w, int port);

struct waiting_slot *waiting_begin(struct waiting *w);
/* A request came from this port of its address and is being answered. */
void waiting_busy(struct waiting_slot *slot, const char *address, int port);
void waiting_idle(struct waiting_slot *slot); /* it waits again */
void waiting_end(struct waiting_slot *slot);
