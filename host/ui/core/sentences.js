// sentences.js - what a run is doing, in one sentence that is true. The host knows phases and progress; that they are chapters is known
// here. The host's own sentence (`next`) names commands to type: it is for terminals.
import { ago, counted, date, duration, money, plural, timeOfDay } from "./format.js";

export const STATES = {
  queued: { word: "In the queue", icon: "hourglass" },
  running: { word: "Being written", icon: "pen" },
  waiting: { word: "Waiting", icon: "hand" },
  stopped: { word: "Stopped where you asked", icon: "pause" },
  paused: { word: "Paused", icon: "pause" },
  completed: { word: "Finished", icon: "check" },
  failed: { word: "Failed", icon: "cross" },
  cancelled: { word: "Cancelled", icon: "stop" },
  interrupted: { word: "Interrupted", icon: "hand" },
};

export const stateOf = (run) => STATES[run.state] ?? STATES[run.status] ?? { word: run.status, icon: "clock" };
export const ended = (run) => ["completed", "failed", "cancelled"].includes(run.status);
export const titleOf = (run) => run.title || run.project || `Run ${run.run}`;

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const stop = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

function progress(run) {
  const p = run.progress;
  if (!p || !p.total) return "";
  return p.label ? `${p.label}, ${p.done} of ${p.total} done` : `${p.done} of ${p.total} done`;
}

// What a run waits for, in the host's words: a phrase, of a gate its question.
export const question = (run) => run.waits?.for ?? "";

function waiting(run) {
  const why = run.waits?.for || "something", at = run.wakes_ms ?? (run.wakes ? Date.parse(run.wakes) : 0);
  switch (run.waits?.kind) {
    case "gate": return `Waits for you: ${stop(question(run))}`;
    case "budget": return `Paused, nothing is lost: ${stop(why)} Resume it with a higher limit to continue.`;
    case "key": return `Paused: ${stop(why)} Set the key, then resume it.`;
    case "model": return `Paused: ${stop(why)} Name a model, then resume it.`;
    case "provider":
    case "store": return at ? `Paused until ${timeOfDay(at)}: ${stop(why)} It continues automatically then.` : `Paused: ${stop(why)} Resume it to try again.`;
    case "timer": return `Sleeps until ${at ? timeOfDay(at) : "its time"}, then continues automatically.`;
    case "until": return `${upper(stop(why))} Resume it to continue.`;
    case "paused": return "Paused by you. Resume it to continue where it stopped.";
    default: return `Paused: ${stop(why)} Resume it to continue.`;
  }
}

function running(run) {
  const at = progress(run);
  if (run.stopping) return "Stopping after the current calls finish.";
  if (run.held) return `Waits until ${timeOfDay(run.held.until_ms)} for ${stop(run.held.for)} It asks again automatically then.`;
  if (run.phase) return at ? `${run.phase}: ${stop(at)}` : `${run.phase}, since ${run.started_ms ? ago(run.started_ms) : "now"}.`;
  return at ? upper(stop(at)) : "Beginning.";
}

// "The Lamp, 12 chapters" under the heading "The Lamp" is "12 chapters".
const summary = (run) => (run.summary.startsWith(`${titleOf(run)}, `) ? run.summary.slice(titleOf(run).length + 2) : run.summary);

export function sentence(run) {
  switch (run.status) {
    case "queued": return "In the queue; it starts automatically when a place is free.";
    case "running": return running(run);
    case "waiting": return waiting(run);
    case "completed": return `Finished in ${duration(run.ended_ms - (run.started_ms ?? run.created_ms))}${run.summary ? `: ${stop(summary(run))}` : "."}`;
    case "failed": return `Failed${run.error?.phase ? ` in ${run.error.phase}` : ""}: ${stop(run.error?.message ?? "no reason is recorded")} A retry keeps every answer it paid for.`;
    case "cancelled": return `Cancelled${run.ended_ms ? ` ${ago(run.ended_ms)}` : ""}. What was written stays.`;
    default: return run.next ?? "";
  }
}

export function spent(run) {
  const price = run.unpriced_calls > 0 && !run.cost_usd ? "at an unknown price" : `for ${money(run.cost_usd)}${run.unpriced_calls > 0 ? " and some calls of unknown price" : ""}`;
  return `${plural(run.calls ?? 0, "call")} ${price}`;
}

// The heading of Home.
export function room(overview) {
  const writing = overview.now.filter((run) => run.status === "running" || run.status === "queued").length, waits = overview.waiting.length;
  const books = writing && `${counted(writing, "book is being written", "books are being written")}`;
  const person = waits && (writing ? `${counted(waits, "waits", "wait").toLowerCase()} for you` : `${counted(waits, "book waits", "books wait")} for you`);
  if (books && person) return `${books}, ${person}.`;
  if (books || person) return `${books || person}.`;
  return "Nothing is being written just now.";
}

export { date };
