/* waiting.c - a count of connections that wait, and a list of those that do not. civetweb tells nobody its sockets, nor who is at the other end
 * before a request is whole: so the one to close is looked for among this process's own sockets, leaving out those that are being answered.
 * The kernel knows how long each has been silent. */
#include "http/waiting.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/list.h"
#include "base/mem.h"

struct waiting {
  pthread_mutex_t lock;
  struct list busy; /* struct waiting_slot.node */
  int n, most, port;
};

struct waiting_slot {
  struct waiting *waiting;
  struct list node; /* in `busy`, or alone: it waits */
  char address[48];
  int port;
};

struct waiting *waiting_new(int most) {
  struct waiting *w = mem_alloc(sizeof *w);
  pthread_mutex_init(&w->lock, NULL);
  list_init(&w->busy);
  w->most = most;
  return w;
}

void waiting_free(struct waiting *w) {
  if (!w) return;
  pthread_mutex_destroy(&w->lock);
  free(w);
}

void waiting_listens(struct waiting *w, int port) {
  pthread_mutex_lock(&w->lock);
  w->port = port;
  pthread_mutex_unlock(&w->lock);
}

static bool is_busy(const struct waiting *w, const char *address, int port) {
  for (const struct list *node = w->busy.next; node != &w->busy; node = node->next) {
    const struct waiting_slot *slot = list_owner(node, struct waiting_slot, node);
    if (slot->port == port && strcmp(slot->address, address) == 0) return true;
  }
  return false;
}

/* Milliseconds for which a connection to our port that nobody answers has been silent; -1: it is none, or closed already. */
static long silence(const struct waiting *w, int fd) {
  struct sockaddr_in local = {0}, peer = {0};
  socklen_t n_local = sizeof local, n_peer = sizeof peer;
  if (getsockname(fd, (struct sockaddr *)&local, &n_local) != 0 || local.sin_family != AF_INET ||
      ntohs(local.sin_port) != w->port || getpeername(fd, (struct sockaddr *)&peer, &n_peer) != 0)
    return -1;
  char address[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &peer.sin_addr, address, sizeof address);
  struct tcp_info info;
  socklen_t n = sizeof info;
  if (is_busy(w, address, ntohs(peer.sin_port)) || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
      info.tcpi_state != TCP_ESTABLISHED)
    return -1;
  return (long)info.tcpi_last_data_recv;
}

/* When there are really too many: some may have been closed by the other end, and only their threads have not heard of it. The thread of the one
 * that is closed wakes up and goes on to the next connection. */
static void close_the_most_silent(const struct waiting *w) {
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *entry;
  int found = -1, open = 0;
  long most = -1;
  while (dir && (entry = readdir(dir))) {
    long silent = entry->d_name[0] == '.' ? -1 : silence(w, atoi(entry->d_name));
    open += silent >= 0;
    if (silent <= most) continue;
    most = silent;
    found = atoi(entry->d_name);
  }
  if (open > w->most) shutdown(found, SHUT_RDWR);
  if (dir) closedir(dir);
}

struct waiting_slot *waiting_begin(struct waiting *w) {
  struct waiting_slot *slot = mem_alloc(sizeof *slot);
  slot->waiting = w;
  list_init(&slot->node);
  pthread_mutex_lock(&w->lock);
  if (++w->n > w->most && w->port) close_the_most_silent(w);
  pthread_mutex_unlock(&w->lock);
  return slot;
}

void waiting_busy(struct waiting_slot *slot, const char *address, int port) {
  if (!slot) return;
  struct waiting *w = slot->waiting;
  pthread_mutex_lock(&w->lock);
  snprintf(slot->address, sizeof slot->address, "%s", address);
  slot->port = port;
  if (list_empty(&slot->node)) w->n--;
  list_remove(&slot->node);
  list_push_tail(&w->busy, &slot->node);
  pthread_mutex_unlock(&w->lock);
}

static void leave_busy(struct waiting_slot *slot) {
  if (list_empty(&slot->node)) return;
  list_remove(&slot->node);
  slot->waiting->n++;
}

void waiting_idle(struct waiting_slot *slot) {
  if (!slot) return;
  pthread_mutex_lock(&slot->waiting->lock);
  leave_busy(slot);
  pthread_mutex_unlock(&slot->waiting->lock);
}

void waiting_end(struct waiting_slot *slot) {
  if (!slot) return;
  pthread_mutex_lock(&slot->waiting->lock);
  leave_busy(slot);
  slot->waiting->n--;
  pthread_mutex_unlock(&slot->waiting->lock);
  free(slot);
}
