// resource.js - what the API answered, kept in the store under its address and asked again when it may have changed.
//
// An entry is { data, etag, error, loading }. It is asked for when first used, by refresh(), and when the stream comes back after a gap
// (events without an id, such as a run's new row, may have been missed meanwhile). Old data stay while new ones are on their way.

import { get } from "./api.js";
import { store } from "./store.js";

const EMPTY = { data: null, etag: null, error: null, loading: true };
const asking = new Map(); // name -> the number of the newest question
let number = 0;

export async function refresh(name) {
  const mine = ++number;
  asking.set(name, mine);
  if (!store.get(name)) store.set(name, EMPTY);
  let entry;
  try {
    const { data, etag } = await get(name);
    entry = { data, etag, error: null, loading: false };
  } catch (error) {
    entry = { ...store.get(name), error, loading: false };
  }
  if (asking.get(name) === mine) store.set(name, entry);
}

export function resource(name) {
  const entry = store.get(name);
  if (entry) return entry;
  refresh(name);
  return store.get(name);
}

// Changes what is known without asking: an event told it.
export function amend(name, how) {
  store.change(name, (entry) => (entry.data ? { ...entry, data: how(entry.data) ?? entry.data } : entry));
}

// Everything that is on the page now; what is not is forgotten, and asked for when it is used again.
export function refreshAll() {
  for (const name of asking.keys()) {
    if (store.watched(name)) {
      refresh(name);
    } else {
      asking.delete(name);
      store.set(name, undefined);
    }
  }
}

const waiting = new Map();
// Many events may say the same: asks once, a moment later.
export function refreshSoon(name, ms = 250) {
  if (waiting.has(name)) return;
  waiting.set(name, setTimeout(() => {
    waiting.delete(name);
    if (store.watched(name)) refresh(name);
  }, ms));
}
