// q-money - money, calls and tokens by phase against the run's limits: bars drawn as SVG, the same in numbers beside them.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { money, number, percent, plural, tokens } from "../core/format.js";

const WIDE = 1000;
// Where some prices are not known, 0 only says that nothing is known.
const known = (run, usd) => (usd || !run.unpriced_calls ? money(usd) : "unknown");
const total = (phases, name) => phases.reduce((sum, phase) => sum + (phase[name] ?? 0), 0);

// One bar: parts after another, as wide as their share of `of`; anything beyond it is cut off at the end.
function bar(parts, of, label) {
  let x = 0;
  const rects = parts.map(({ value, tone }) => {
    const width = of > 0 ? Math.min(WIDE - x, (WIDE * value) / of) : 0, rect = h("rect", { class: tone, x, y: 0, width, height: 10 });
    x += width;
    return rect;
  });
  return h("svg", { class: "bar-chart", viewBox: `0 0 ${WIDE} 10`, preserveAspectRatio: "none", role: "img", "aria-label": label }, h("rect", { class: "ground", x: 0, y: 0, width: WIDE, height: 10 }), rects);
}

class MoneyElement extends Element {
  static props = ["run", "phases"];

  limit(what, value, of, words) {
    const share = words(value) === "unknown" ? "" : `, ${percent(value, of) || "0%"}`, label = of ? `${words(value)} of ${words(of)}${share}` : `${words(value)}, without a limit`;
    const parts = this.phases.map((phase, i) => ({ value: phase[what] ?? 0, tone: `tone-${i % 5}` }));
    return h("div", { class: "limit" }, h("p", null, label), of > 0 && bar(parts, of, `${label}; by phase: ${this.phases.map((phase) => `${phase.name} ${words(phase[what] ?? 0)}`).join(", ")}`));
  }

  row(phase, i, most) {
    const cached = phase.tokens_cached ?? 0, fresh = phase.tokens_in - cached;
    return h("tr", { key: `${phase.name} ${phase.started_ms}` },
      h("th", { scope: "row" }, h("span", { class: ["swatch", `tone-${i % 5}`], "aria-hidden": "true" }), phase.name),
      h("td", { class: "chart" }, bar([{ value: fresh, tone: "fresh" }, { value: cached, tone: "cached" }, { value: phase.tokens_out, tone: "out" }], most,
        `${phase.name}: ${number(fresh)} tokens in, ${number(cached)} from the cache, ${number(phase.tokens_out)} out`)),
      h("td", { class: "number" }, known(this.run, phase.cost_usd)),
      h("td", { class: "number" }, number(phase.calls)),
      h("td", { class: "number" }, tokens(phase.tokens_in)),
      h("td", { class: "number" }, percent(cached, phase.tokens_in)),
      h("td", { class: "number" }, tokens(phase.tokens_out)));
  }

  render() {
    const { run, phases } = this;
    if (!phases?.length) return h("p", { class: "quiet" }, "Nothing was spent yet.");
    const most = Math.max(...phases.map((phase) => phase.tokens_in + phase.tokens_out));
    return h("div", { class: "stack" },
      run.forecast && h("p", null, `${run.forecast.says[0].toUpperCase()}${run.forecast.says.slice(1)}.`),
      this.limit("cost_usd", run.cost_usd, run.limits?.usd, (usd) => known(run, usd)),
      this.limit("calls", run.calls, run.limits?.calls, (n) => plural(n, "call")),
      run.unpriced_calls > 0 && run.limits?.tokens > 0 && h("p", null, `${tokens(run.tokens_in + run.tokens_out)} of ${tokens(run.limits.tokens)} tokens, which limit what has no price.`),
      run.unpriced_calls > 0 && h("p", { class: "quiet" }, `${plural(run.unpriced_calls, "call")} of unknown price ${run.unpriced_calls === 1 ? "is" : "are"} not in the money.`),
      h("p", { class: "quiet" }, "A limit pauses the run; it never ends it. Tokens by phase: ", h("span", { class: "swatch fresh" }), "in, ", h("span", { class: "swatch cached" }), "in from the cache, ", h("span", { class: "swatch out" }), "out."),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Money and tokens by phase" }, h("table", { class: "money" },
        h("thead", null, h("tr", null, ["Phase", "Tokens", "Money", "Calls", "In", "Cached", "Out"].map((name, i) => h("th", { scope: "col", class: i > 1 && "number" }, name)))),
        h("tbody", null, phases.map((phase, i) => this.row(phase, i, most))),
        h("tfoot", null, h("tr", null, h("th", { scope: "row", colspan: 2 }, "All of it"), h("td", { class: "number" }, known(run, run.cost_usd)), h("td", { class: "number" }, number(run.calls)),
          h("td", { class: "number" }, tokens(total(phases, "tokens_in"))), h("td", { class: "number" }, percent(total(phases, "tokens_cached"), total(phases, "tokens_in"))), h("td", { class: "number" }, tokens(total(phases, "tokens_out"))))))));
  }
}
define("q-money", MoneyElement);
