// q-replay - a call and the same question asked again, side by side: tokens, money and time of both, and their answers word by word.
import { stopWords } from "../core/calls.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { duration, money, number } from "../core/format.js";
import { refreshSoon } from "../core/resource.js";
import "./q-diff.js";
import "./q-notice.js";

const ENDED = ["completed", "failed", "cancelled"];

const ROWS = [
  ["Model", (call) => `${call.provider}/${call.model}`],
  ["Tokens in", (call) => number(call.usage?.input ?? 0)],
  ["Tokens out", (call) => number(call.usage?.output ?? 0)],
  ["Money", (call) => money(call.cost_usd)],
  ["Time", (call) => duration(call.total_ms ?? 0)],
  ["Ended", (call) => stopWords(call) || call.state],
];

class ReplayElement extends Element {
  static props = ["run"];

  get name() { return `runs/${this.run}/replay`; }

  // The page's stream follows the run that the call belongs to, so this one is asked after until it has ended.
  drawn() {
    const { data } = this.use(this.name);
    if (data && !ENDED.includes(data.status)) refreshSoon(this.name, data.status === "waiting" ? 5000 : 500);
  }

  table({ of, call }) {
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Both calls side by side" }, h("table", null, h("caption", { class: "visually-hidden" }, "Both calls side by side"),
      h("thead", null, h("tr", null, h("td"), h("th", { scope: "col" }, `Call ${of.call}`), h("th", { scope: "col" }, `Call ${call.call}`))),
      h("tbody", null, ROWS.map(([name, words]) => h("tr", { key: name }, h("th", { scope: "row" }, name), h("td", null, words(of)), h("td", null, words(call)))))));
  }

  sentence(data) {
    if (!ENDED.includes(data.status)) return data.error ? `It waits: ${data.error}` : "The model is being asked…";
    return data.error ? `It ${data.status === "failed" ? "failed" : "ended"}: ${data.error}` : data.status === "cancelled" && "It was cancelled.";
  }

  render() {
    const { data, error } = this.use(this.name);
    if (!data) return h("q-notice", { error, what: "The new answer cannot be shown" });
    const words = this.sentence(data);
    return h("section", { class: "stack" }, h("h4", null, "Asked again, ", h("a", { href: `runs/${data.run}?view=timeline` }, `run ${data.run}`)),
      words && h("p", { role: "status" }, words),
      data.call?.ended_ms && this.table(data),
      data.diff && h("q-diff", { parts: data.diff, mode: "inline" }));
  }
}
define("q-replay", ReplayElement);
