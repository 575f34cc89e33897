// history.js - a run's events, oldest first, all of them: read in pages once, then kept up to date by the stream. In the store under
// "history/RUN" as a list. And its calls in the same way, under "calls/RUN".
//
//   this.watch(`history/${id}`); history(id, this.life);
import { get } from "./api.js";
import { store } from "./store.js";
import { stream } from "./stream.js";

const PAGE = 200;

// Reads on from `after`, page by page, handing each to `add`; ends with the signal.
async function readAll(name, after, add, signal) {
  for (let next = after; next !== null && !signal.aborted;) {
    const { data } = await get(`${name}?limit=${PAGE}&after=${next}`, signal);
    if (data.items.length) add(data.items);
    next = data.next;
  }
}

// A list whose items come from pages and from the stream, in the order of their numbers; an item that is known already is replaced.
function follow(name, key, api, id, event, signal) {
  const take = (items) => {
    const list = (store.get(name) ?? []).slice();
    for (const item of items) {
      let at = list.length;
      while (at > 0 && list[at - 1][key] > item[key]) at--;
      if (at > 0 && list[at - 1][key] === item[key]) list[at - 1] = { ...list[at - 1], ...item };
      else list.splice(at, 0, item);
    }
    store.set(name, list);
  };
  // Everything is read again after a gap: a call that was in flight has another state now.
  const load = () => readAll(api, 0, take, signal).catch(() => {}); // the next "open" reads again; the page's own notice tells of errors
  if (!store.get(name)) store.set(name, []);
  stream.on(event, (item) => item.run === id && take([item]), signal);
  stream.on("open", load, signal);
  load();
}

export function history(id, signal) {
  follow(`history/${id}`, "id", `runs/${id}/events`, id, "run-event", signal);
}

export function calls(id, signal) {
  follow(`calls/${id}`, "call", `runs/${id}/calls`, id, "call", signal);
}
