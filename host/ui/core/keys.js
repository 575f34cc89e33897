// keys.js - keyboard shortcuts. keys([{ keys: "g h", what: "Home", run }], signal) adds some until the signal ends; q-help lists them.
// Single letters can be switched off (WCAG 2.1.4): speech input types letters. They never work while somebody types into a field, and a
// modifier other than Shift is the browser's.

import { prefs } from "./prefs.js";

const PAUSE_MS = 1200;
const bindings = new Set();
let first = "", timer = 0;

export function keys(list, signal) {
  for (const binding of list) {
    bindings.add(binding);
    signal?.addEventListener("abort", () => bindings.delete(binding), { once: true });
  }
}

export const shortcuts = () => [...bindings];

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], .CodeMirror");

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const letter = event.key.length === 1;
  if ((letter && !prefs.get("shortcuts") && event.key !== "?") || typing(event.target) || document.querySelector("dialog[open]")) return;
  const combination = first ? `${first} ${event.key}` : event.key;
  clearTimeout(timer);
  first = "";
  const binding = [...bindings].findLast((b) => b.keys === combination) ?? [...bindings].findLast((b) => b.keys === event.key);
  if (binding) {
    event.preventDefault();
    binding.run(event);
  } else if ([...bindings].some((b) => b.keys.startsWith(`${event.key} `))) {
    first = event.key;
    timer = setTimeout(() => { first = ""; }, PAUSE_MS);
  }
}

document.addEventListener("keydown", pressed);
