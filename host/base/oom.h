/* oom.h - has the kernel killed something of ours because memory ran out? Any thread. */
#pragma once

/* How often it did in this process's control group (without one: on this machine); -1: not known. Ask before and after. */
long oom_kills(void);
