// routes.js - which screen an address shows. Screens are loaded when they are first opened. `own`: params with which the screen is another
// one (it is made anew), not the same with other contents. The last row is for addresses that no row knows.
export const routes = [
  { path: "/", tag: "screen-home", load: () => import("./screens/home.js") },
  { path: "/new", tag: "screen-new", load: () => import("./screens/new.js") },
  { path: "/runs", tag: "screen-runs", load: () => import("./screens/runs.js") },
  { path: "/runs/:id", tag: "screen-run", load: () => import("./screens/run.js"), own: ["id"] },
  { path: "/gates/:id", tag: "screen-gate", load: () => import("./screens/gate.js"), own: ["id"] },
  { path: "/login", tag: "screen-login", load: () => import("./screens/login.js") },
  { path: "/:missing*", tag: "screen-missing", load: () => import("./screens/missing.js") },
];
