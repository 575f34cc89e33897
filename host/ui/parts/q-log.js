// q-log - a run's history: filter by level and words (in the address), a link to each line.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { date, timeOfDay } from "../core/format.js";
import { icon } from "../core/icons.js";
import { query } from "../core/router.js";
import { STATES } from "../core/sentences.js";

const LEVELS = [["", "Everything"], ["warn", "Warnings and errors"], ["error", "Errors"]];
const RANK = { info: 0, warn: 1, error: 2 };
const SHOWN = 500;

function level(event) {
  if (event.type === "error" || event.status === "failed") return "error";
  return event.level ?? "info";
}

export function words(event) {
  switch (event.type) {
    case "phase": return `${event.name} begins`;
    case "status": return `${STATES[event.status]?.word ?? event.status}${event.wait_for ? `: ${event.wait_for}` : ""}`;
    case "note": return `Note to the writer: ${event.text ?? event.note ?? ""}`;
    case "error": return `${event.message ?? event.text}${event.file ? ` (${event.file}:${event.line})` : ""}`;
    default: return event.text ?? event.message ?? JSON.stringify({ ...event, id: undefined, run: undefined, at: undefined, at_ms: undefined });
  }
}

class LogElement extends Element {
  static props = ["run", "query", "more"];

  line(event, chosen) {
    const href = `runs/${this.run}?view=log&event=${event.id}`;
    return h("li", { key: event.id, id: `event-${event.id}`, class: ["log-line", event.type, level(event), String(event.id) === chosen && "chosen"] },
      h("a", { class: "log-time", href, title: `${date(event.at_ms)}: a link to this line`, "aria-current": String(event.id) === chosen && "true" }, timeOfDay(event.at_ms)),
      h("span", { class: "log-words" }, level(event) !== "info" && h("strong", null, level(event) === "error" ? "Error: " : "Warning: "), words(event)));
  }

  drawn() {
    const chosen = this.query.get("event");
    if (!chosen || this.shown === chosen) return;
    const line = this.querySelector(`#event-${CSS.escape(chosen)}`);
    if (!line) return;
    this.shown = chosen;
    line.scrollIntoView({ block: "center" });
  }

  chosenEvents(events) {
    const least = RANK[this.query.get("level")] ?? 0, text = (this.query.get("q") ?? "").toLowerCase();
    return events.filter((event) => RANK[level(event)] >= least && (!text || words(event).toLowerCase().includes(text)));
  }

  render() {
    const events = this.watch(`history/${this.run}`) ?? [], chosen = this.query.get("event");
    const list = this.chosenEvents(events), from = this.more || chosen ? 0 : Math.max(0, list.length - SHOWN);
    const search = (event) => {
      event.preventDefault();
      query({ q: new FormData(event.target).get("q").trim(), event: null });
    };
    return [
      h("form", { class: "row filters", role: "search", onsubmit: search },
        h("input", { type: "search", name: "q", "aria-label": "Search the log", placeholder: "Search the log", value: this.query.get("q") ?? "" }),
        h("select", { "aria-label": "Level", value: this.query.get("level") ?? "", onchange: (event) => query({ level: event.target.value, event: null }) },
          LEVELS.map(([value, word]) => h("option", { value }, word))),
        h("a", { class: "button bare", href: `api/runs/${this.run}/events?limit=200`, download: `run-${this.run}.json` }, icon("down"), "As JSON")),
      from > 0 && h("button", { type: "button", onclick: () => { this.more = true; } }, `Show the ${from} earlier lines`),
      list.length ? h("ol", { class: "plain log" }, list.slice(from).map((event) => this.line(event, chosen))) : h("p", { class: "quiet" }, "No log lines match."),
    ];
  }
}
define("q-log", LogElement);
