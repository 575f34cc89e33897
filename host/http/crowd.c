/* crowd.c - see crowd.h. civetweb tells neither a connection's descriptor nor, before its request is whole, its address: so those that wait are
 * found among our descriptors, as the ones with our port whose client is not at work. The kernel tells how long each has said nothing. What is let go is shut
 * down for reading, so that its thread returns at once. */
#include "http/crowd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "base/list.h"
#include "base/mem.h"

enum { WAITING_MOST = 2048 };

struct member {
  struct crowd *crowd;
  struct list node;
  struct sockaddr_in client; /* while it works */
  bool works;
};

struct crowd {
  pthread_mutex_t lock;
  struct list members;
  pthread_cond_t turn; /* somebody at work ended */
  int n, at_work, in_line, threads, reserve;
  int leaving; /* were let go and are still here */
  bool closed;
  atomic_int port;
};

struct crowd *crowd_new(int threads) {
  struct crowd *c = mem_alloc(sizeof *c);
  c->threads = threads;
  c->reserve = threads >= 64 ? 8 : threads >= 16 ? 4 : 2;
  list_init(&c->members);
  pthread_mutex_init(&c->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&c->turn, &attr);
  pthread_condattr_destroy(&attr);
  return c;
}

void crowd_free(struct crowd *c) {
  if (!c) return;
  pthread_cond_destroy(&c->turn);
  pthread_mutex_destroy(&c->lock);
  free(c);
}

void crowd_port(struct crowd *c, int port) {
  atomic_store(&c->port, port);
}

/* ---- letting go ---- */

struct waiting {
  int fd;
  unsigned silent_ms;
  in_addr_t address;
};

static bool same(const struct sockaddr_in *a, const struct sockaddr_in *b) {
  return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static bool works(const struct crowd *c, const struct sockaddr_in *client) {
  for (const struct list *at = c->members.next; at != &c->members; at = at->next) {
    const struct member *m = list_owner(at, struct member, node);
    if (m->works && same(&m->client, client)) return true;
  }
  return false;
}

/* A whole request lies there, which waits for us; or its end, so that its thread is about to return. */
static bool asked(int fd) {
  char head[4096];
  ssize_t n = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || n == (ssize_t)sizeof head || (n > 0 && memmem(head, (size_t)n, "\r\n\r\n", 4));
}

/* False: no connection of ours, or one that works or is about to. */
static bool is_waiting(const struct crowd *c, int fd, struct waiting *out) {
  struct sockaddr_in here = {0}, there = {0};
  socklen_t n_here = sizeof here, n_there = sizeof there;
  struct tcp_info info = {0};
  socklen_t n_info = sizeof info;
  if (getsockname(fd, (struct sockaddr *)(void *)&here, &n_here) != 0 || here.sin_family != AF_INET)
    return false;
  if (ntohs(here.sin_port) != atomic_load(&c->port)) return false;
  if (getpeername(fd, (struct sockaddr *)(void *)&there, &n_there) != 0 || works(c, &there)) return false;
  if (asked(fd) || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n_info) != 0) return false;
  *out = (struct waiting){fd, info.tcpi_last_ack_recv, there.sin_addr.s_addr};
  return true;
}

static int waiting_of(const struct waiting *all, int n, in_addr_t address) {
  int count = 0;
  for (int i = 0; i < n; i++) count += all[i].fd >= 0 && all[i].address == address;
  return count;
}

/* The oldest of the address with most that wait; NULL: none is left. */
static struct waiting *next_to_go(struct waiting *all, int n) {
  struct waiting *found = NULL;
  int most = 0;
  for (int i = 0; i < n; i++) {
    if (all[i].fd < 0) continue;
    bool known = found && found->address == all[i].address;
    int count = known ? most : waiting_of(all, n, all[i].address);
    if (known ? all[i].silent_ms <= found->silent_ms : count <= most) continue;
    most = count;
    found = &all[i];
  }
  return found;
}

/* All but `allowed` of those that wait. */
static void let_go(struct crowd *c, int allowed) {
  struct waiting *all = mem_alloc(WAITING_MOST * sizeof *all), *next;
  int n = 0;
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *entry;
  while (dir && n < WAITING_MOST && (entry = readdir(dir)))
    if (entry->d_name[0] != '.') n += is_waiting(c, atoi(entry->d_name), &all[n]);
  if (dir) closedir(dir);
  for (int left = n; left > allowed && (next = next_to_go(all, n)) != NULL; left--) {
    shutdown(next->fd, SHUT_RD);
    c->leaving++;
    next->fd = -1;
  }
  free(all);
}

/* Whoever begins to wait asks for it: with all threads waiting nobody else would. To look at all connections takes long where there are
 * hundreds, so a few more are let go than must be, and the next that come need no look. */
static void keep_room(struct crowd *c) {
  int usable = c->threads - c->reserve, allowed = usable - c->at_work - c->threads / 16;
  if (c->n - c->leaving >= usable && c->n > c->at_work) let_go(c, allowed > 1 ? allowed : 1);
}

/* ---- coming and going ---- */

struct member *crowd_enter(struct crowd *c) {
  struct member *m = mem_alloc(sizeof *m);
  m->crowd = c;
  pthread_mutex_lock(&c->lock);
  keep_room(c);
  list_push_tail(&c->members, &m->node);
  c->n++;
  pthread_mutex_unlock(&c->lock);
  return m;
}

static void stop_work(struct member *m) {
  struct crowd *c = m->crowd;
  c->at_work -= m->works;
  m->works = false;
  if (c->in_line) pthread_cond_signal(&c->turn);
}

void crowd_leave(struct member *m) {
  struct crowd *c = m->crowd;
  pthread_mutex_lock(&c->lock);
  list_remove(&m->node);
  c->n--;
  c->leaving -= c->leaving > 0;
  stop_work(m);
  pthread_mutex_unlock(&c->lock);
  free(m);
}

void crowd_work(struct member *m, const char *address, int port) {
  struct crowd *c = m->crowd;
  pthread_mutex_lock(&c->lock);
  m->client = (struct sockaddr_in){.sin_port = htons((uint16_t)port), .sin_addr.s_addr = inet_addr(address)};
  c->at_work += !m->works;
  m->works = true;
  pthread_mutex_unlock(&c->lock);
}

/* Is there a thread for one that is at work and not in the line? */
static bool has_room(const struct crowd *c) {
  return c->at_work - c->in_line <= c->threads - c->reserve;
}

/* Those in the line hold threads of the reserve: half of it stays for what is urgent. */
static bool wait_for_room(struct crowd *c, int ms) {
  if (c->in_line >= c->reserve / 2) return false;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  c->in_line++;
  bool room = false, late = false;
  while (!room && !late && !c->closed) {
    late = pthread_cond_timedwait(&c->turn, &c->lock, &until) != 0;
    room = c->at_work - c->in_line < c->threads - c->reserve;
  }
  c->in_line--;
  return room;
}

bool crowd_turn(struct member *m, int ms) {
  struct crowd *c = m->crowd;
  pthread_mutex_lock(&c->lock);
  bool room = has_room(c) || wait_for_room(c, ms);
  pthread_mutex_unlock(&c->lock);
  return room;
}

void crowd_wait(struct member *m) {
  struct crowd *c = m->crowd;
  pthread_mutex_lock(&c->lock);
  stop_work(m);
  keep_room(c);
  pthread_mutex_unlock(&c->lock);
}

void crowd_close(struct crowd *c) {
  pthread_mutex_lock(&c->lock);
  c->closed = true;
  pthread_cond_broadcast(&c->turn);
  pthread_mutex_unlock(&c->lock);
}
