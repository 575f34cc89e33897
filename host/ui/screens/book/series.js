// series.js - the books of a series in their order, and what each carries to the next: who died, what is still open, how the world and its
// people were left.
import "../../parts/q-cover.js";
import "../../parts/q-notice.js";
import { path } from "../../core/api.js";
import { names, places } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { counted, plural } from "../../core/format.js";
import { refresh, refreshSoon } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { ended, sentence } from "../../core/sentences.js";
import { sheet } from "../../core/sheet.js";
import { stream } from "../../core/stream.js";

await sheet(import.meta.url, "./book.css");

const parsed = (entry) => {
  try {
    return JSON.parse(entry?.data?.content ?? "null");
  } catch {
    return null;
  }
};

// "before-post-book-2" -> 2; the host names the parts of a series so.
const numberOf = (book) => Number(/-book-(\d+)$/.exec(book.project)?.[1] ?? 0);

class SeriesScreen extends Element {
  static props = ["params", "query"];

  connected() {
    refresh(names.project(this.params.slug));
    stream.on("run", (run) => run.project === this.params.slug && refreshSoon(names.project(this.params.slug), 1000), this.life);
  }

  // A document of the series; null while there is none (the list says so, nothing is asked for that is not there).
  document(series, name) {
    return series.artifacts.some((a) => a.name === name) ? parsed(this.use(names.artifact(this.params.slug, name))) : null;
  }

  list(heading, items) {
    return items?.length ? [h("h4", null, heading), h("ul", null, items.map((text) => h("li", null, text)))] : null;
  }

  carry(series, number, last) {
    const name = series.artifacts.find((a) => a.name.startsWith("carry/") && Number(/(\d+)/.exec(a.name)[1]) === number)?.name, carry = name && this.document(series, name);
    if (!carry) return null;
    return h("div", { class: "carry" },
      h("h3", null, last ? "What it leaves behind" : "What carries over to the next book"),
      carry.story && h("p", null, carry.story),
      this.list("Still open", carry.open), this.list("Dead", carry.dead),
      this.list("Its characters at the end", carry.people?.map((p) => `${p.who}: ${p.state}`)), this.list("The world", carry.world),
      h("p", null, h("a", { href: places.document(this.params.slug, name) }, "Change what is carried")));
  }

  volume(series, plan, book, number, last) {
    const planned = plan?.books?.[number - 1];
    return h("li", { class: "volume", key: String(number) },
      book ? h("q-cover", { project: book }) : h("span"),
      h("div", null,
        h("p", { class: "crumb" }, `Book ${number}`),
        h("h2", null, book ? h("a", { href: places.book(book.project) }, book.title) : planned?.title ?? `Book ${number}`),
        !book && h("p", { class: "quiet" }, "Planned, not begun."),
        planned?.premise && h("p", null, planned.premise),
        planned?.changes && h("p", { class: "quiet" }, `What changes: ${planned.changes}`),
        this.carry(series, number, last)));
  }

  threads(plan) {
    if (!plan?.threads?.length) return null;
    return h("section", { "aria-labelledby": "threads" }, h("h2", { id: "threads" }, "Threads across the books"),
      h("ul", { class: "plain lines threads" }, plan.threads.map((thread) => h("li", null,
        h("p", { class: "quiet" }, `From book ${thread.opened} to book ${thread.due}`), thread.text.split(/\n\s*\n/).map((p) => h("p", null, p))))));
  }

  render() {
    const { slug } = this.params, { data: series, error } = this.use(names.project(slug)), plan = series && this.document(series, "series.json");
    title(series?.title ?? slug);
    const books = [...(series?.children ?? [])].sort((a, b) => numberOf(a) - numberOf(b)), total = Math.max(books.length, plan?.books?.length ?? 0), run = series?.last_run;
    const words = books.reduce((sum, book) => sum + (book.words ?? 0), 0);
    return [
      h("div", { class: "screen-head" }, h("p", { class: "crumb" }, h("a", { href: "./" }, "Home")), h("h1", null, series?.title || slug),
        series && h("p", { class: "lead" }, plan?.question ?? ""),
        series && h("p", { class: "quiet" }, [`A series of ${counted(total, "book").toLowerCase()}`, words > 0 && plural(words, "word")].filter(Boolean).join(" · "))),
      error && h("q-notice", { error, what: "The series cannot be shown", again: () => refresh(names.project(slug)) }),
      run && !ended(run) && h("div", { class: "notice" }, h("p", null, sentence(run)), h("div", { class: "row" }, h("a", { class: "button", href: `runs/${run.run}` }, "Watch it"))),
      series && h("ol", { class: "volumes" }, Array.from({ length: total }, (_, i) => {
        const number = i + 1, book = books.find((b) => numberOf(b) === number) ?? (numberOf(books[i] ?? { project: "" }) ? null : books[i]);
        return this.volume(series, plan, book, number, number === total);
      })),
      series && this.threads(plan),
      series && h("p", { class: "row" }, h("a", { class: "button bare", href: `books/${path(slug)}/documents` }, "Documents of the series")),
    ];
  }
}
define("screen-series", SeriesScreen);
