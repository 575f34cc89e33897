// run.js - one run: what happens now in a sentence, the text as it is written, and behind tabs its timeline, money, log and calls. The tab
// and what it shows are in the address: ?view=log&event=12.
import { cancel, pause, resume, retry } from "../../parts/actions.js";
import { chaptersOf } from "../../core/chapters.js";
import { rehearsed } from "../../core/badge.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { date } from "../../core/format.js";
import { calls, history } from "../../core/history.js";
import { icon } from "../../core/icons.js";
import { keys } from "../../core/keys.js";
import { refresh, refreshSoon } from "../../core/resource.js";
import { query, title } from "../../core/router.js";
import { ended, question, sentence, spent, titleOf } from "../../core/sentences.js";
import { sheet } from "../../core/sheet.js";
import { tell } from "../../core/status.js";
import { store } from "../../core/store.js";
import { stream } from "../../core/stream.js";
import "../../parts/q-call.js";
import "../../parts/q-line.js";
import "../../parts/q-live.js";
import "../../parts/q-log.js";
import "../../parts/q-money.js";
import "../../parts/q-note.js";
import "../../parts/q-notice.js";
import "../../parts/q-pages.js";
import "../../parts/q-progress.js";
import "../../parts/q-state.js";
import "../../parts/q-timeline.js";

await sheet(import.meta.url, "./run.css");

const VIEWS = [["", "Text"], ["timeline", "Timeline"], ["money", "Money"], ["log", "Log"], ["details", "Details"]];

class RunScreen extends Element {
  static props = ["params", "query"];

  get id() {
    return Number(this.params.id);
  }

  get name() {
    return `runs/${this.params.id}`;
  }

  connected() {
    title(`Run ${this.id}`);
    history(this.id, this.life);
    stream.follow({ run: this.id, text: true }, this.life);
    stream.on("run-event", (event) => this.heard(event), this.life);
    stream.on("call", () => refreshSoon(`${this.name}/timeline`, 1500), this.life);
    stream.on("gate", () => refreshSoon(this.name), this.life);
    keys(VIEWS.map(([view, word], i) => ({ keys: String(i + 1), what: `Run: ${word}`, run: () => query({ view, call: null, event: null }) })), this.life);
    store.on(`${this.name}`, () => {
      const run = store.get(this.name)?.data;
      if (run) title(titleOf(run));
    }, this.life);
  }

  heard(event) {
    if (event.run !== this.id) return;
    if (event.type === "status") refreshSoon(this.name, 100);
    const [chapter] = chaptersOf([event]);
    if (chapter) tell(`Chapter ${chapter.number} of ${chapter.total} is begun: ${chapter.title}.`);
    else if (event.type === "log" && /^Chapter \d+ finished/.test(event.text)) tell(event.text);
    else if (event.type === "phase") tell(`${event.name} begins.`);
  }

  // ---- the head

  actions(run) {
    const button = (name, symbol, act, kind) => h("button", { type: "button", class: kind, onclick: () => act(run) }, symbol && icon(symbol), name);
    const over = ended(run), waits = run.status === "waiting";
    return h("div", { class: "row no-print" },
      run.gate && h("a", { class: "button primary", href: `gates/${run.gate}` }, "Read and decide"),
      run.status === "completed" && run.project && h("a", { class: "button primary", href: `books/${encodeURIComponent(run.project)}` }, icon("book"), "Open the book"),
      waits && !run.gate && button("Resume…", null, resume, "primary"),
      (run.status === "running" || run.status === "queued") && button("Pause", "pause", pause),
      over && button(run.status === "completed" ? "Write it again…" : "Retry…", "again", retry, run.status === "completed" ? "" : "primary"),
      waits && run.gate && button("Resume with changes…", null, resume),
      !over && button("Cancel…", null, cancel, "bare"));
  }

  error(run) {
    const { error } = run;
    return error && run.status === "failed" && h("div", { class: "notice bad" },
      h("h3", null, error.message),
      error.file && h("p", null, "In ", h("code", null, `${error.file}:${error.line}`), error.phase && `, phase ${error.phase}`),
      error.hint && h("p", null, error.hint),
      h("p", null, "What was written and answered is kept; a retry asks only what is missing."),
      error.traceback && h("details", null, h("summary", null, "Where it came from"), h("pre", null, error.traceback)));
  }

  head(run) {
    return h("header", { class: "screen-head run-head" },
      h("p", { class: "crumb" }, h("a", { href: "runs" }, "Runs"), ` / run ${run.run}`, run.retry_of && [run.fork_at ? ", a fork of " : ", a retry of ", h("a", { href: `runs/${run.retry_of}` }, `run ${run.retry_of}`), run.fork_at && ` before place ${run.fork_at}`]),
      h("h1", null, titleOf(run), rehearsed(run)),
      h("div", { class: "now-line" }, h("q-state", { run }), h("p", { class: "lead" }, run.gate ? `Waits for you: ${question(run)}` : sentence(run))),
      run.status === "running" && run.progress && h("q-line", { done: run.progress.done, total: run.progress.total, what: "Progress of the run" }),
      this.error(run), this.actions(run));
  }

  tabs() {
    const view = this.query.get("view") ?? "";
    return h("nav", { class: "tabs", "aria-label": "Views of the run" }, VIEWS.map(([name, word]) =>
      h("a", { href: `${this.name}${name && `?view=${name}`}`, "aria-current": (view === name || (view === "call" && name === "timeline")) && "page" }, word)));
  }

  // ---- the views

  // Text that moves while the run does; whole chapters for those who want them, and when there is nothing to watch.
  pages(run) {
    this.watched ||= run.status === "running";
    const live = this.watched && !ended(run) && this.watch("prefs").live === "text";
    return live ? h("q-live", { busy: run.status === "running" }) : h("q-pages", { run });
  }

  text(run) {
    return h("div", { class: "run-columns" },
      h("div", { class: "run-text" }, this.pages(run), ended(run) && run.result && this.result(run)),
      h("aside", { "aria-label": "Where the run is" }, h("q-progress", { run }), h("q-note", { run })));
  }

  result(run) {
    const { files = [], issues } = run.result;
    return files.length > 0 && h("section", null, h("h2", null, "Files"),
      h("ul", null, files.map((file) => h("li", { key: file.name }, h("a", { href: `files/${encodeURIComponent(run.project)}/${file.name}`, download: true }, file.name)))),
      issues > 0 && h("p", null, `${issues} open issues are listed with the chapters.`));
  }

  timeline(run) {
    if (this.query.get("view") === "call") {
      return h("div", null, h("p", { class: "crumb" }, h("a", { href: `${this.name}?view=timeline` }, "← Timeline")), h("q-call", { number: this.query.get("call"), key: this.query.get("call") }));
    }
    if (!this.callsWanted) {
      this.callsWanted = true;
      calls(this.id, this.life);
    }
    return h("q-timeline", { run });
  }

  money(run) {
    const { data, error } = this.use(`${this.name}/timeline`);
    return error ? h("q-notice", { error, what: "Money cannot be shown" }) : h("q-money", { run, phases: data?.phases });
  }

  details(run) {
    const pretty = (value) => JSON.stringify(value ?? {}, null, 2);
    return h("div", { class: "stack" },
      h("dl", { class: "facts" }, [["Pipeline", run.pipeline], ["Project", run.project], ["Begun", run.started_ms && date(run.started_ms)], ["Ended", run.ended_ms && date(run.ended_ms)], ["Last sign of life", run.heartbeat_ms && date(run.heartbeat_ms)], ["Spent", spent(run)], ["Key", run.key]]
        .filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
      h("p", { class: "quiet" }, "In a terminal: ", h("code", null, run.next)),
      [["What was asked for", run.input], ["Options", run.options], ["Result", run.result]].map(([name, value]) =>
        h("section", null, h("h2", null, name), h("pre", { class: "sheet", tabindex: 0 }, pretty(value)))));
  }

  view(run) {
    switch (this.query.get("view")) {
      case "timeline":
      case "call": return this.timeline(run);
      case "money": return this.money(run);
      case "log": return h("q-log", { run: run.run, query: this.query });
      case "details": return this.details(run);
      default: return this.text(run);
    }
  }

  render() {
    const { data, error } = this.use(this.name);
    if (!data) return [h("h1", { class: !error && "visually-hidden" }, `Run ${this.id}`), h("q-notice", { error, what: "The run cannot be shown", again: () => refresh(this.name) })];
    return [this.head(data), this.tabs(), h("div", { class: "view", key: this.query.get("view") ?? "text" }, this.view(data))];
  }
}
define("screen-run", RunScreen);
