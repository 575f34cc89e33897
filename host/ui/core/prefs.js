// prefs.js - what this reader chose, kept in this browser: early.js applies theme and size before the first paint.
//   theme    system | light | dark              live       text | chapters (whole chapters only, nothing that moves)
//   size     s | m | l | xl                     shortcuts  true | false (single letters; some people's tools type letters)

import { store } from "./store.js";

const DEFAULTS = { theme: "system", size: "m", live: "text", shortcuts: true };

function stored() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem("quire") ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

function apply(prefs) {
  const root = document.documentElement;
  if (prefs.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = prefs.theme;
  root.dataset.size = prefs.size;
}

store.set("prefs", stored());
apply(store.get("prefs"));

export const prefs = {
  get: (name) => store.get("prefs")[name],
  set(name, value) {
    const next = { ...store.get("prefs"), [name]: value };
    store.set("prefs", next);
    apply(next);
    try {
      localStorage.setItem("quire", JSON.stringify(next));
    } catch {
      // Without storage it holds for this page.
    }
  },
};
