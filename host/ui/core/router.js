// router.js - addresses to screens. start(routes, outlet) shows the screen of the address and follows links inside the page's base; what
// no route knows (downloads, /read, other sites) is left to the browser.
//
// A route: { path: "/runs/:id", load: () => import(...), tag: "screen-run" }; ":name*" takes the rest. The screen gets `params` and `query`
// (URLSearchParams) as properties. The same screen stays when only its params or query change. After a navigation the heading has the
// focus, the way a new page would; back and forward restore the scroll position.

import { store } from "./store.js";

let routes = [], outlet = null, base = "/", current = null, turn = 0;

function compile(route) {
  const names = [];
  const pattern = route.path.replace(/:(\w+)(\*?)/g, (_, name, rest) => {
    names.push(name);
    return rest ? "(.+)" : "([^/]+)";
  });
  return { ...route, names, pattern: new RegExp(`^${pattern}/?$`) };
}

function find(url) {
  if (url.origin !== location.origin || !url.pathname.startsWith(base)) return null;
  const path = "/" + url.pathname.slice(base.length);
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (!match) continue;
    const params = {};
    route.names.forEach((name, i) => { params[name] = decodeURIComponent(match[i + 1]); });
    return { route, params, path };
  }
  return null;
}

async function show(url, { focus, scroll = 0 }) {
  const mine = ++turn, found = find(url) ?? { route: routes.at(-1), params: {}, path: url.pathname };
  try {
    await found.route.load?.();
  } catch {
    // The files of this page's version are gone: the host is a newer one.
    if (mine === turn) document.dispatchEvent(new CustomEvent("quire:outdated"));
    return;
  }
  if (mine !== turn) return;
  const fresh = current?.localName !== found.route.tag || (found.route.own && found.route.own.some((name) => current.params[name] !== found.params[name]));
  const screen = fresh ? document.createElement(found.route.tag) : current;
  screen.params = found.params;
  screen.query = url.searchParams;
  current = screen;
  store.set("place", found.path);
  if (!fresh) return;
  outlet.replaceChildren(screen);
  scrollTo(0, scroll);
  if (focus) focusHeading(screen);
  if (url.hash) document.getElementById(url.hash.slice(1))?.scrollIntoView();
}

function focusHeading(screen) {
  const heading = screen.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// `to` is relative to the base: go("runs/7").
export function go(to, { replace = false } = {}) {
  const url = new URL(to, document.baseURI);
  if (!replace) history.replaceState({ scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"]({}, "", url);
  return show(url, { focus: !replace });
}

// Changes the query only: filters that can be shared and gone back to.
export function query(changes, { replace = false } = {}) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return go(url.href, { replace });
}

export function title(text) {
  document.title = text ? `${text} · Quire` : "Quire";
}

function followed(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (!find(url)) return;
  event.preventDefault();
  // "#main" is relative to <base>, not to this page: what is meant is a place on this page.
  if (link.getAttribute("href").startsWith("#")) {
    const target = document.getElementById(url.hash.slice(1));
    target?.focus();
    target?.scrollIntoView();
    return;
  }
  go(url.href);
}

export function start(table, element) {
  routes = table.map(compile);
  outlet = element;
  base = new URL(document.baseURI).pathname;
  history.scrollRestoration = "manual";
  document.addEventListener("click", followed);
  addEventListener("popstate", (event) => show(new URL(location.href), { focus: true, scroll: event.state?.scroll ?? 0 }));
  return show(new URL(location.href), { focus: false });
}
