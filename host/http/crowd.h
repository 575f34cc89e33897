/* crowd.h - who holds the server's threads. civetweb gives each connection one from its first moment, also to a client that is silent or slow;
 * so a share of the threads is kept free, by closing those that have kept us waiting longest, of the address that has most of them.
 *
 *   crowd_new -> (crowd_enter -> (crowd_work -> [crowd_turn] -> crowd_wait)* -> crowd_leave)* -> [crowd_close] -> crowd_free
 *
 * Any server thread. */
#pragma once
#include <stdbool.h>

struct crowd;
struct member;

struct crowd *crowd_new(int threads);
void crowd_free(struct crowd *c);
void crowd_port(struct crowd *c, int port); /* the one that clients came to */
/* A connection takes a thread, and waits for its client. */
struct member *crowd_enter(struct crowd *c);
void crowd_leave(struct member *m);
/* Its request, from that address and port, is whole: nobody closes it. */
void crowd_work(struct member *m, const char *address, int port);
/* Before what is not urgent begins. Where the threads for that are all at work it waits up to `ms` for one to end; of those that wait so
 * there are few. False: it may not begin. */
bool crowd_turn(struct member *m, int ms);
void crowd_wait(struct member *m); /* for its client again */
void crowd_close(struct crowd *c); /* nobody waits for a turn any more */
