// q-progress - the margin of a run's page: which phases are done, which chapters, what was spent of what may be.
import { BOOK_PHASES, chaptersOf, phasesOf } from "../core/chapters.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { duration, money, number, percent, plural } from "../core/format.js";
import { icon } from "../core/icons.js";
import { ended } from "../core/sentences.js";
import "./q-line.js";

class ProgressElement extends Element {
  static props = ["run"];

  phases(events) {
    const { run } = this, begun = phasesOf(events), names = begun.map((phase) => phase.name), over = ended(run);
    const ahead = run.pipeline === "generate_book" && !over ? BOOK_PHASES.slice(names.length ? BOOK_PHASES.indexOf(names.at(-1)) + 1 : 0) : [];
    const item = (name, state, mark, time) => h("li", { class: state, key: `${name} ${time}` }, mark, h("span", null, name), time && h("span", { class: "quiet" }, time));
    return h("ol", { class: "plain phases" },
      begun.map((phase, i) => {
        const now = i === begun.length - 1 && !over;
        return item(phase.name, now ? "now" : "done", now ? icon("pen") : icon(i === begun.length - 1 && run.status !== "completed" ? "stop" : "check"), duration((phase.ended_ms ?? run.ended_ms ?? Date.now()) - phase.started_ms));
      }),
      ahead.map((name) => item(name, "ahead", h("span", { class: "dot", "aria-hidden": "true" }), "")));
  }

  chapters(events) {
    const { run } = this, newest = new Map();
    for (const chapter of chaptersOf(events)) newest.set(chapter.number, chapter);
    if (!newest.size || run.pipeline === "generate_series") return null;
    const list = [...newest.values()].sort((a, b) => a.number - b.number);
    return h("section", null, h("h2", null, "Chapters"), h("ol", { class: "plain chapters" }, list.map((chapter) => h("li", { key: chapter.number },
      chapter.ended_ms ? h("a", { href: `books/${encodeURIComponent(run.project)}/chapters/${chapter.number}` }, `${chapter.number}. ${chapter.title}`) : h("span", null, `${chapter.number}. ${chapter.title}`),
      " ", h("span", { class: "quiet" }, chapter.ended_ms ? `${plural(chapter.words, "word")}${chapter.issues ? `, ${plural(chapter.issues, "issue")}` : ""}` : ended(run) ? "not finished" : "being written")))));
  }

  money(run) {
    const { usd } = run.limits ?? {}, unknown = run.unpriced_calls ? `${plural(run.unpriced_calls, "call")} of unknown price` : "";
    if (unknown && !run.cost_usd) return `${unknown}${usd ? `; the limit is ${money(usd)}` : ""}`;
    return `${money(run.cost_usd)}${usd ? ` of ${money(usd)}` : ""}${unknown && `, and ${unknown}`}`;
  }

  spent() {
    const { run } = this, { usd, calls } = run.limits ?? {};
    return h("section", null, h("h2", null, "Spent"),
      h("p", null, this.money(run)),
      h("q-line", { done: run.cost_usd, total: usd, what: `Money, ${percent(run.cost_usd, usd) || "0%"} of the limit` }),
      h("p", { class: "quiet" }, `${number(run.calls)}${calls ? ` of ${plural(calls, "call")}` : " calls"}; a limit pauses the run, nothing is lost.`));
  }

  render() {
    const events = this.watch(`history/${this.run.run}`) ?? [];
    return [h("section", null, h("h2", null, "Where it is"), this.phases(events)), this.chapters(events), this.spent()];
  }
}
define("q-progress", ProgressElement);
