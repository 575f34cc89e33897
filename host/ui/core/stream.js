// stream.js - the one stream of events that a visible tab holds: GET /api/events as server-sent events.
//
//   stream.on("run", (run) => ..., signal);       event types: run-event, run, text, call, gate (see the host's API), and "open":
//                                                 the stream is there (again); what it did not carry in between has to be asked for
//   stream.follow({ run: 7, text: true }, signal) only that run's events, with its text as it is written, until the signal ends
//
// The stream is read with fetch rather than EventSource, which tells neither a refusal's status nor the heartbeats. A hidden tab has no
// stream; it comes back with the last event's id. A host that was killed is back in well under a second: the first try comes after 250 ms,
// then ever later with jitter. Silence for three heartbeats (a laptop that slept) counts as an end. When the host has no stream left
// (503) the same events are asked for by long polling until a stream is free.
// The store's "connection" is live | connecting | polling | hidden.

import { address } from "./api.js";
import { store } from "./store.js";

const SILENCE_MS = 45_000, FIRST_MS = 250, MOST_MS = 15_000, POLL_WAIT_S = 20, POLLS_BETWEEN_TRIES = 3;

const target = new EventTarget();
let last = 0;              // the id of the newest event that was seen
let wanted = null;         // { run, text } or null: everything
let ending = null;         // AbortController of the connection that is open
let failures = 0, timer = 0, started = false;

export const stream = {
  on(type, tell, signal) {
    target.addEventListener(type, (event) => tell(event.detail), { signal });
  },
  follow(what, signal) {
    wanted = what;
    reconnect();
    signal.addEventListener("abort", () => {
      if (wanted !== what) return;
      wanted = null;
      reconnect();
    }, { once: true });
  },
  // Takes the stream anew: a frame of text is missing, and a new stream begins with the whole of it.
  again: () => reconnect(),
  start() {
    started = true;
    document.addEventListener("visibilitychange", reconnect);
    addEventListener("online", reconnect);
    addEventListener("pagehide", () => ending?.abort());
    addEventListener("pageshow", (event) => event.persisted && reconnect());
    reconnect();
  },
};

function tell(type, detail) {
  target.dispatchEvent(new CustomEvent(type, { detail }));
}

// ---- one connection

function query(more) {
  const params = new URLSearchParams(more);
  if (last) params.set("after", last);
  if (wanted?.run) params.set("run", wanted.run);
  if (wanted?.text && !more) params.set("text", "1");
  return `events?${params}`;
}

function deliver(event) {
  if (event.id) last = Math.max(last, Number(event.id));
  if (!event.data) return;
  let data;
  try {
    data = JSON.parse(event.data);
  } catch {
    return; // cut off in the middle: it comes again after the next connection
  }
  tell(event.type || "message", data);
}

// Lines of the stream -> events. "id", "event" and "data" are the fields that the host sends.
function parser() {
  let rest = "", event = { data: "" };
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        deliver(event);
        event = { data: "" };
        continue;
      }
      const colon = line.indexOf(":"), field = line.slice(0, colon), value = line.slice(colon + 1).replace(/^ /, "");
      if (field === "id") event.id = value;
      else if (field === "event") event.type = value;
      else if (field === "data") event.data += event.data ? "\n" + value : value;
    }
  };
}

async function read(response, signal, quiet) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(), parse = parser();
  quiet.restart();
  for (;;) {
    const { value, done } = await reader.read();
    if (done || signal.aborted) return;
    quiet.restart();
    parse(value);
  }
}

function watchdog(controller) {
  let bark = 0;
  return {
    restart() {
      clearTimeout(bark);
      bark = setTimeout(() => controller.abort(), SILENCE_MS);
    },
    stop: () => clearTimeout(bark),
  };
}

async function poll(signal) {
  for (let i = 0; i <= POLLS_BETWEEN_TRIES && !signal.aborted; i++) {
    const wait = i === 0 ? 0 : POLL_WAIT_S; // the first one says at once that there is a host
    const response = await fetch(address(query({ poll: "1", wait: String(wait) })), { signal });
    if (!response.ok) throw new Error(String(response.status));
    store.set("connection", "polling");
    const { events, last: newest } = await response.json();
    for (const event of events) tell("run-event", event);
    last = Math.max(last, newest ?? 0);
    tell("open"); // what events do not carry is asked for again
  }
}

async function connection(controller) {
  const { signal } = controller, quiet = watchdog(controller);
  try {
    const response = await fetch(address(query()), { headers: { Accept: "text/event-stream" }, signal });
    if (response.status === 503) return await poll(signal);
    if (response.status === 401) document.dispatchEvent(new CustomEvent("quire:signed-out"));
    if (!response.ok) throw new Error(String(response.status));
    failures = 0;
    store.set("connection", "live");
    tell("open");
    await read(response, signal, quiet);
  } catch {
    // Whatever it was, the next try follows.
  } finally {
    quiet.stop();
  }
}

async function reconnect() {
  clearTimeout(timer);
  ending?.abort();
  ending = null;
  if (!started) return;
  if (document.hidden) {
    store.set("connection", "hidden");
    return;
  }
  const mine = (ending = new AbortController());
  await connection(mine);
  if (ending !== mine) return; // another one took its place
  store.set("connection", "connecting");
  const wait = Math.min(MOST_MS, FIRST_MS * 2 ** failures++) * (0.75 + Math.random() / 2);
  timer = setTimeout(reconnect, wait);
}
