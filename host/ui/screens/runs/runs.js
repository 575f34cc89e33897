// runs.js - all runs, newest first. Filters and the page are the address, so they can be shared and gone back to.
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, date, duration } from "../../core/format.js";
import { amend, refresh, refreshSoon } from "../../core/resource.js";
import { query, title } from "../../core/router.js";
import { ended, sentence, spent, titleOf } from "../../core/sentences.js";
import { keys } from "../../core/keys.js";
import { sheet } from "../../core/sheet.js";
import { stream } from "../../core/stream.js";
import "../../parts/q-line.js";
import "../../parts/q-notice.js";
import "../../parts/q-state.js";

await sheet(import.meta.url, "./runs.css");

const FILTERS = ["q", "status", "pipeline", "project", "after"];
const STATUSES = [["", "In any state"], ["unfinished", "Not finished"], ["running", "Being written"], ["waiting", "Waiting"], ["queued", "In the queue"],
  ["completed", "Finished"], ["failed", "Failed"], ["cancelled", "Cancelled"]];

class RunsScreen extends Element {
  static props = ["params", "query"];

  connected() {
    title("Runs");
    keys([{ keys: "/", what: "Search the runs", run: () => this.querySelector("input[type=search]").focus() }], this.life);
    stream.on("run", (run) => this.changed(run), this.life);
  }

  get name() {
    const asked = new URLSearchParams();
    for (const filter of FILTERS) if (this.query.get(filter)) asked.set(filter, this.query.get(filter));
    return `runs?${asked}`;
  }

  changed(run) {
    let known = false;
    amend(this.name, (page) => ({ ...page, items: page.items.map((other) => {
      if (other.run !== run.run) return other;
      known = true;
      return { ...other, ...run };
    }) }));
    if (!known && !this.query.get("after")) refreshSoon(this.name, 1000);
  }

  filter(changes) {
    query({ ...changes, after: null });
  }

  filters(pipelines) {
    const value = (name) => this.query.get(name) ?? "";
    const search = (event) => {
      event.preventDefault();
      this.filter({ q: new FormData(event.target).get("q").trim() });
    };
    const choice = (name, label, options) => h("select", { "aria-label": label, value: value(name), onchange: (event) => this.filter({ [name]: event.target.value }) },
      options.map(([option, word]) => h("option", { value: option }, word)));
    return h("form", { class: "row filters", role: "search", onsubmit: search },
      h("input", { type: "search", name: "q", "aria-label": "Search titles and texts of runs", placeholder: "Search", value: value("q") }),
      choice("status", "State", STATUSES),
      choice("pipeline", "Pipeline", [["", "Any pipeline"], ...pipelines.map((p) => [p.name, p.title || p.name])]),
      value("project") && h("button", { type: "button", onclick: () => this.filter({ project: null }) }, `Only ${value("project")} ×`));
  }

  when(run) {
    const at = run.started_ms ?? run.created_ms, took = ended(run) && run.started_ms ? duration(run.ended_ms - run.started_ms) : "";
    return h("span", null, h("time", { datetime: new Date(at).toISOString(), title: date(at) }, ago(at)), took && `, took ${took}`);
  }

  row(run) {
    return h("li", { class: "run-row", key: run.run },
      h("div", { class: "run-state" }, h("q-state", { run })),
      h("div", { class: "run-what" },
        h("h2", null, h("a", { href: `runs/${run.run}` }, titleOf(run))),
        h("p", null, sentence(run)),
        !ended(run) && run.progress && h("q-line", { done: run.progress.done, total: run.progress.total, what: `Progress of ${titleOf(run)}` })),
      h("div", { class: "run-facts" }, h("span", null, `Run ${run.run}, ${run.pipeline}`), h("span", null, spent(run)), this.when(run)));
  }

  list(page) {
    const filtered = FILTERS.some((name) => this.query.get(name));
    if (!page.items.length) {
      return h("p", { class: "lead" }, filtered ? "No runs match. " : "There are no runs yet. ",
        filtered ? h("a", { href: "runs" }, "Show all of them") : h("a", { href: "new" }, "Begin a book"), ".");
    }
    return [
      h("ul", { class: "plain lines" }, page.items.map((run) => this.row(run))),
      h("nav", { class: "row pages", "aria-label": "Pages" },
        this.query.get("after") && h("button", { type: "button", onclick: () => query({ after: null }) }, "Newest"),
        page.next && h("button", { type: "button", onclick: () => query({ after: page.next }).then(() => scrollTo(0, 0)) }, "Older runs")),
    ];
  }

  render() {
    const { data, error, loading } = this.use(this.name), pipelines = this.use("pipelines").data ?? [];
    return [
      h("header", { class: "screen-head" }, h("h1", null, "Runs")),
      this.filters(pipelines),
      error && h("q-notice", { error, what: "The runs cannot be shown", again: () => refresh(this.name) }),
      data ? this.list(data) : loading && h("p", { class: "quiet" }, "Looking…"),
    ];
  }
}
define("screen-runs", RunsScreen);
