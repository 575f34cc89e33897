/* notify.h - tells systemd how we are: sd_notify's protocol without libsystemd. Any thread that does not change the environment.
 *
 *   notify_send("READY=1\nSTATUS=running");
 *
 * One datagram to $NOTIFY_SOCKET, a path or an abstract address ("@name"). Never waits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* True when it was sent, or nobody asked for it ($NOTIFY_SOCKET is unset). False: send it again later. */
bool notify_send(const char *state);
/* The time after which systemd kills this process unless WATCHDOG=1 came ($WATCHDOG_USEC, when $WATCHDOG_PID is us or unset). 0: it does not. */
uint64_t notify_watchdog_ns(void);
/* For a child that must not speak for its parent: takes the three variables out of the environment. One thread only. */
void notify_forget(void);
