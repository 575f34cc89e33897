// home.js - the room one comes into: what is being written now, what waits for me, the books.
import { post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, plural } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { refresh } from "../../core/resource.js";
import { go, title } from "../../core/router.js";
import { room, sentence, spent, titleOf } from "../../core/sentences.js";
import { failed } from "../../core/status.js";
import "../../parts/q-cover.js";
import "../../parts/q-line.js";
import "../../parts/q-notice.js";
import "../../parts/q-state.js";

const REHEARSAL = {
  pipeline: "generate_book",
  models: { "": ["rehearsal/novelist"] },
  input: {
    title: "The Day Ahead", author: "Quire", chapters: 5, words_per_chapter: 900, review: true,
    brief: "A lighthouse keeper finds that her predecessor's log goes on by itself, one day ahead of her.",
  },
};

class HomeScreen extends Element {
  static props = ["params", "query", "starting"];

  connected() {
    title("");
  }

  async rehearse() {
    this.starting = true;
    try {
      const { data } = await post("runs", REHEARSAL);
      go(`runs/${data.run}`);
    } catch (error) {
      failed(error, "The rehearsal was not started");
    } finally {
      this.starting = false;
    }
  }

  rehearseButton(kind) {
    return h("button", { type: "button", class: kind, disabled: this.starting, onclick: () => this.rehearse() }, icon("pen"), "Write a rehearsal book");
  }

  empty() {
    return h("div", { class: "empty" },
      h("h1", null, "No books yet."),
      h("p", { class: "prose" }, "Quire writes whole books with language models: it plans, asks you, writes chapter after chapter, and keeps every page whatever happens. ",
        "The quickest way to see how it works is a rehearsal: a short book from a built-in model that needs no key, costs nothing and takes seconds. It is not literature; it shows the work."),
      h("div", { class: "row" }, this.rehearseButton("primary"), h("a", { class: "button", href: "new" }, "Begin a book of your own")));
  }

  // A gate, or a run that waits for something else.
  waits(item, titles) {
    const gate = item.choices !== undefined, href = gate ? `gates/${item.gate}` : `runs/${item.run}`;
    const book = gate ? titles.get(item.run) : titleOf(item);
    return h("li", { class: "notice ask", key: href },
      h("h3", null, h("a", { href }, gate ? item.title : book)),
      h("p", null, gate ? `${book ?? "The run"} continues when you have decided.` : sentence(item)));
  }

  writing(run) {
    return h("li", { class: "now", key: run.run },
      h("h3", null, h("a", { href: `runs/${run.run}` }, titleOf(run)), " ", h("q-state", { run })),
      h("p", null, sentence(run)),
      h("q-line", { done: run.progress?.done ?? 0, total: run.progress?.total ?? 0, what: `Progress of ${titleOf(run)}` }),
      h("p", { class: "quiet" }, spent(run), run.started_ms ? `, begun ${ago(run.started_ms)}` : "", "."));
  }

  shelf(name, projects) {
    return projects.length > 0 && h("section", { key: name, "aria-labelledby": `shelf-${name}` },
      h("div", { class: "section-head" }, h("h2", { id: `shelf-${name}` }, name), h("span", { class: "quiet" }, plural(projects.length, name === "Series" ? "series" : "book", name === "Series" ? "series" : "books"))),
      h("ul", { class: "shelf" }, projects.map((project) => h("li", { key: project.project }, h("q-cover", { project })))));
  }

  room(overview) {
    const writing = overview.now.filter((run) => run.status !== "waiting"), { waiting, projects } = overview;
    const titles = new Map(overview.now.map((run) => [run.run, titleOf(run)]));
    const books = projects.filter((p) => p.kind !== "series" && !p.parent), series = projects.filter((p) => p.kind === "series");
    return [
      h("header", { class: "screen-head" }, h("h1", null, room({ now: writing, waiting })),
        overview.health && !overview.health.ready && h("div", { class: "notice warn", role: "status" },
          h("h3", null, "New runs are not started at the moment"), overview.health.reasons.map((reason) => h("p", null, reason)))),
      waiting.length > 0 && h("section", { key: "waiting", "aria-labelledby": "waiting" }, h("h2", { id: "waiting", class: "visually-hidden" }, "Waits for you"),
        h("ul", { class: "plain stack" }, waiting.map((item) => this.waits(item, titles)))),
      writing.length > 0 && h("section", { key: "now", "aria-labelledby": "now" }, h("h2", { id: "now", class: "visually-hidden" }, "Being written"),
        h("ul", { class: "plain lines nows" }, writing.map((run) => this.writing(run)))),
      this.shelf("Books", books),
      this.shelf("Series", series),
      h("section", { class: "row" }, h("a", { class: "button", href: "new" }, icon("plus"), "Begin a book"), this.rehearseButton("bare")),
    ];
  }

  render() {
    const { data, error } = this.use("overview");
    if (!data) return [h("h1", { class: error ? "" : "visually-hidden" }, "Home"), h("q-notice", { error, what: "Home cannot be shown", again: () => refresh("overview") })];
    return data.projects.length || data.now.length || data.waiting.length ? this.room(data) : this.empty();
  }
}
define("screen-home", HomeScreen);
