// routes.js - which screen an address shows. Screens are loaded when they are first opened. `own`: params with which the screen is another
// one (it is made anew), not the same with other contents. The last row is for addresses that no row knows.
export const routes = [
  { path: "/", tag: "screen-home", load: () => import("./screens/overview/home.js") },
  { path: "/new", tag: "screen-new", load: () => import("./screens/new/new.js") },
  { path: "/runs", tag: "screen-runs", load: () => import("./screens/runs/runs.js") },
  { path: "/runs/:id", tag: "screen-run", load: () => import("./screens/run/run.js"), own: ["id"] },
  { path: "/gates/:id", tag: "screen-gate", load: () => import("./screens/gate/gate.js"), own: ["id"] },
  { path: "/books/:slug", tag: "screen-book", load: () => import("./screens/book/book.js"), own: ["slug"] },
  { path: "/books/:slug/chapters/:number", tag: "screen-reader", load: () => import("./screens/book/reader.js"), own: ["slug", "number"] },
  { path: "/books/:slug/cast", tag: "screen-cast", load: () => import("./screens/book/cast.js"), own: ["slug"] },
  { path: "/books/:slug/documents", tag: "screen-documents", load: () => import("./screens/book/documents.js"), own: ["slug"] },
  { path: "/books/:slug/documents/:name*", tag: "screen-document", load: () => import("./screens/book/document.js"), own: ["slug", "name"] },
  { path: "/books/:slug/versions/:name*", tag: "screen-versions", load: () => import("./screens/book/versions.js"), own: ["slug", "name"] },
  { path: "/series/:slug", tag: "screen-series", load: () => import("./screens/book/series.js"), own: ["slug"] },
  { path: "/scripts", tag: "screen-scripts", load: () => import("./screens/scripts/scripts.js") },
  { path: "/scripts/:name*", tag: "screen-script", load: () => import("./screens/scripts/script.js"), own: ["name"] },
  { path: "/settings", tag: "screen-settings", load: () => import("./screens/settings/settings.js") },
  { path: "/login", tag: "screen-login", load: () => import("./screens/login/login.js") },
  { path: "/:missing*", tag: "screen-missing", load: () => import("./screens/missing/missing.js") },
];
