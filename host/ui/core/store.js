// store.js - the one place where the page keeps what it knows. Names to values; who watches a name is told when its value changed.
//
//   store.set("connection", "live");   store.get("connection");   store.on("connection", draw, signal);
//
// What came from the API lies under the address it came from ("runs/7", "overview"): core/resource.js. Other names: "connection"
// (core/stream.js), "prefs" (core/prefs.js), "place" (core/router.js).

const values = new Map();
const watchers = new Map(); // name -> Set of functions

export const store = {
  get: (name) => values.get(name),

  set(name, value) {
    if (values.get(name) === value) return;
    values.set(name, value);
    for (const tell of [...(watchers.get(name) ?? [])]) tell(value);
  },

  // The function gets the old value and returns the new one; undefined: nothing is known, nothing is changed.
  change(name, how) {
    if (values.get(name) !== undefined) store.set(name, how(values.get(name)));
  },

  on(name, tell, signal) {
    if (!watchers.has(name)) watchers.set(name, new Set());
    watchers.get(name).add(tell);
    signal?.addEventListener("abort", () => watchers.get(name).delete(tell), { once: true });
  },

  watched: (name) => (watchers.get(name)?.size ?? 0) > 0,
  names: () => [...values.keys()],
};
