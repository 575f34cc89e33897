/* turns.h - which of the runs that could begin do, when limits hold some back: projects take turns, those with the fewest runs in hand
 * first, then those whose last turn is longest ago, and within a project the oldest run. Pure; any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct turn {
  int64_t run, project;
  int64_t last; /* its project's last turn, as a number that grows; 0: none yet */
  int64_t rank; /* turns_pick's own */
};

struct turn_limits {
  int runs, project_runs; /* 0: no limit */
};

/* `due` in order of age; `held`: what is in hand (project 0: not known). Sorts `due` so that what may begin now stands first; returns how
 * many those are. */
size_t turns_pick(struct turn *due, size_t n, const struct turn *held, size_t n_held,
                  struct turn_limits limits);
