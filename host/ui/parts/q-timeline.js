// q-timeline - phases, in them chapters, in them calls: when, how long, tokens, what the cache saved, money, retries, how a call ended. Rows
// open and close; on a narrow page only time, money and what went wrong are shown, a call's own page has the rest.
import { axis, scopeWords, stopWords, sum, underWay, STATES } from "../core/calls.js";
import { chaptersOf, phasesOf } from "../core/chapters.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { duration, money, number, percent, plural, tokens } from "../core/format.js";

const inside = (span, end) => (call) => call.created_ms >= span.started_ms && call.created_ms < (span.ended_ms ?? end);

class TimelineElement extends Element {
  static props = ["run"];

  connected() {
    this.opened = new Map(); // key -> the reader's choice; without one the last phase and chapter are open
  }

  // Phases with their chapters and calls.
  tree() {
    const events = this.watch(`history/${this.run.run}`) ?? [], all = this.watch(`calls/${this.run.run}`) ?? [];
    const end = this.run.ended_ms ? this.run.ended_ms + 1 : Date.now(), chapters = chaptersOf(events);
    const phases = phasesOf(events).map((phase) => ({ ...phase, ended_ms: phase.ended_ms ?? this.run.ended_ms ?? null }));
    const next = (list, i, limit) => list[i + 1]?.started_ms ?? limit;
    const tree = phases.map((phase) => {
      const calls = all.filter(inside(phase, end));
      const parts = chapters.map((chapter, i) => ({ ...chapter, until: Math.min(next(chapters, i, phase.ended_ms ?? end), phase.ended_ms ?? end) }))
        .filter((chapter) => chapter.started_ms >= phase.started_ms && chapter.started_ms < (phase.ended_ms ?? end))
        .map((chapter) => ({ ...chapter, key: `c${chapter.number}-${chapter.started_ms}`, name: `${chapter.number}. ${chapter.title}`, calls: calls.filter(inside({ started_ms: chapter.started_ms, ended_ms: chapter.until }, end)) }));
      const grouped = new Set(parts.flatMap((part) => part.calls));
      return { ...phase, key: `p${phase.started_ms}`, calls, parts, loose: calls.filter((call) => !grouped.has(call)) };
    });
    const spans = all.map((call) => [call.created_ms, call.ended_ms ?? end]);
    return { tree, at: axis(spans.length ? spans : phases.map((phase) => [phase.started_ms, phase.ended_ms ?? end])), end };
  }

  toggle(key, open) {
    this.opened.set(key, !open);
    this.update();
  }

  cells(all, span, at, end, more) {
    const from = at(span.started_ms), to = Math.max(from + 0.004, at(span.ended_ms ?? end));
    return [
      h("td", { class: "when wide", "aria-hidden": "true" }, h("span", { class: ["span", !span.ended_ms && "open"], style: { "--from": from.toFixed(4), "--to": to.toFixed(4) } })),
      h("td", { class: "number" }, duration((span.ended_ms ?? end) - span.started_ms)),
      h("td", { class: "number wide" }, more ? "" : number(all.calls)),
      h("td", { class: "number wide" }, tokens(all.tokens_in)),
      h("td", { class: "number wide" }, percent(all.tokens_cached, all.tokens_in)),
      h("td", { class: "number wide" }, tokens(all.tokens_out)),
      h("td", { class: "number" }, all.cost_usd === null ? "unknown" : money(all.cost_usd)),
      h("td", { class: "remark" }, more ?? (all.retries ? plural(all.retries, "retry", "retries") : "")),
    ];
  }

  group(row, level, open, at, end) {
    return h("tr", { key: row.key, class: `level-${level}` },
      h("th", { scope: "row" }, h("button", { type: "button", class: "bare fold", "aria-expanded": String(open), onclick: () => this.toggle(row.key, open) }, h("span", { "aria-hidden": "true" }, open ? "▾" : "▸"), row.name)),
      this.cells(sum(row.calls), row, at, end, null));
  }

  call(call, level, at, end) {
    const words = [call.attempt > 1 && `try ${call.attempt}`, call.state !== "answered" && STATES[call.state], call.stop && call.stop !== "end" && stopWords(call), call.error?.message].filter(Boolean);
    const span = { started_ms: call.created_ms, ended_ms: call.ended_ms ?? (underWay(call) ? null : call.created_ms) };
    return h("tr", { key: `call-${call.call}`, class: `level-${level} call` },
      h("th", { scope: "row" }, h("a", { href: `runs/${this.run.run}?view=call&call=${call.call}` }, call.role), " ", h("span", { class: "quiet" }, scopeWords(call.scope))),
      this.cells(sum([call]), span, at, end, words.join(", ")));
  }

  rows({ tree, at, end }) {
    const isOpen = (key, last) => this.opened.get(key) ?? last;
    return tree.flatMap((phase, i) => {
      const open = isOpen(phase.key, i === tree.length - 1);
      if (!open) return [this.group(phase, 1, false, at, end)];
      return [
        this.group(phase, 1, true, at, end),
        ...phase.parts.flatMap((part, k) => {
          const shown = isOpen(part.key, k === phase.parts.length - 1 && !part.ended_ms);
          return [this.group(part, 2, shown, at, end), ...(shown ? part.calls.map((call) => this.call(call, 3, at, end)) : [])];
        }),
        ...phase.loose.map((call) => this.call(call, 2, at, end)),
      ];
    });
  }

  render() {
    const shown = this.tree();
    if (!shown.tree.length) return h("p", { class: "quiet" }, "Nothing has started yet.");
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Timeline" }, h("table", { class: "timeline" },
      h("thead", null, h("tr", null, ["What", "When", "Took", "Calls", "In", "Cached", "Out", "Money", "Remarks"].map((name, i) =>
        h("th", { scope: "col", class: [i > 1 && i < 8 && "number", [1, 3, 4, 5, 6].includes(i) && "wide"] }, name)))),
      h("tbody", null, this.rows(shown))));
  }
}
define("q-timeline", TimelineElement);
