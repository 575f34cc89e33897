// book.js - a book at a glance: how far it is, its chapters with length, viewpoint and what is still open, its files to take along.
import "../../parts/q-book.js";
import "../../parts/q-findings.js";
import "../../parts/q-notice.js";
import "../../parts/q-upload.js";
import { chapterTitle, downloads, names, placeOf, places } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, bytes, number, plural } from "../../core/format.js";
import { refresh, refreshSoon } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { remake } from "../../core/runs.js";
import { ended, sentence } from "../../core/sentences.js";
import { sheet } from "../../core/sheet.js";
import { stream } from "../../core/stream.js";

await sheet(import.meta.url, "./book.css");

const PIPELINES = { generate_book: "Written", generate_series: "Series written", rewrite_chapter: "Chapter rewritten", check_book: "Checked", regenerate_artifacts: "Files rebuilt" };

class BookScreen extends Element {
  static props = ["params", "query", "covered"];

  connected() {
    const changed = () => {
      refreshSoon(names.chapters(this.params.slug), 1000);
      refreshSoon(names.project(this.params.slug), 1000);
      refreshSoon(names.findings(this.params.slug), 1000);
    };
    stream.on("run", (run) => run.project === this.params.slug && changed(), this.life);
    refresh(names.project(this.params.slug));
    refresh(names.chapters(this.params.slug));
  }

  lead(book, chapters) {
    const words = chapters.reduce((sum, c) => sum + c.words, 0), minutes = Math.round(words / 240), done = chapters.filter((c) => c.written).length;
    return [book.author && `by ${book.author}`, words > 0 && plural(words, "word"), minutes > 0 && `${plural(minutes, "minute")} to read`,
      done < chapters.length && `${done} of ${plural(chapters.length, "chapter")}`, `changed ${ago(book.updated_ms)}`].filter(Boolean).join(" · ");
  }

  now(book) {
    const run = book.last_run;
    if (!run || ended(run)) return null;
    return h("div", { class: ["notice", run.status === "waiting" && "ask"] }, h("p", null, sentence(run)),
      h("div", { class: "row" }, h("a", { class: "button", href: run.gate ? `gates/${run.gate}` : `runs/${run.run}` }, run.gate ? "Look at it" : "Watch it")));
  }

  proposals(chapters, book) {
    const chapter = chapters.find((c) => c.proposals.length > 0);
    if (!chapter && !book.proposals) return null;
    const href = chapter ? places.versions(book.project, chapter.name) : places.documents(book.project);
    return h("div", { class: "notice ask" }, h("h3", null, `${plural(Math.max(book.proposals, 1), "proposal")} over what you wrote`),
      h("p", null, "A run would have written something else here. Your text is kept unless you accept the proposal."),
      h("div", { class: "row" }, h("a", { class: "button", href }, "Compare")));
  }

  way(book, all) {
    const chapters = all.filter((c) => c.written);
    if (!chapters.length) return null;
    const place = placeOf(book.project), at = chapters.find((c) => c.number === place?.chapter);
    return h("a", { class: "button primary", href: places.chapter(book.project, (at ?? chapters[0]).number) },
      at && (place.block > 0 || at !== chapters[0]) ? `Continue reading: ${chapterTitle(at)}` : "Read it");
  }

  // ---- the table of chapters

  length(chapter, longest) {
    return h("span", { class: "length" },
      h("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
        h("rect", { class: "track", width: "100", height: "6" }), h("rect", { class: "bar", width: String((100 * chapter.words) / longest), height: "6" })),
      h("span", null, plural(chapter.words, "word")));
  }

  issues(chapter) {
    if (!chapter.issues.length) return h("span", { class: "quiet" }, "none");
    return h("details", null, h("summary", null, plural(chapter.issues.length, "open issue")), h("ul", null, chapter.issues.map((text) => h("li", null, text))));
  }

  row(book, chapter, longest) {
    return h("tr", { key: chapter.number },
      h("td", { class: "number" }, number(chapter.number)),
      h("th", { scope: "row" }, chapter.written ? h("a", { href: places.chapter(book.project, chapter.number) }, chapterTitle(chapter)) : chapterTitle(chapter),
        chapter.author === "person" && h("span", { class: "tag" }, "edited by you"),
        chapter.proposals.length > 0 && h("a", { class: "tag ask", href: places.versions(book.project, chapter.name) }, "a proposal waits")),
      h("td", { "data-label": "Viewpoint" }, chapter.viewpoint || h("span", { class: "quiet" }, "not said")),
      h("td", { "data-label": "Length" }, chapter.written ? this.length(chapter, longest) : h("span", { class: "quiet" }, "planned")),
      h("td", { "data-label": "Open issues" }, chapter.written && this.issues(chapter)));
  }

  chapters(book, chapters) {
    if (!chapters.length) return h("p", { class: "quiet" }, "No chapter is written yet. They appear here as they are finished.");
    const longest = Math.max(1, ...chapters.map((c) => c.words)), rows = [];
    chapters.forEach((chapter, i) => {
      if (chapter.part && chapter.part !== chapters[i - 1]?.part)
        rows.push(h("tr", { class: "part", key: `part ${chapter.number}` }, h("th", { colspan: 5, scope: "colgroup" }, chapter.part)));
      rows.push(this.row(book, chapter, longest));
    });
    return h("table", { class: "chapters cards" },
      h("thead", null, h("tr", null, h("th", { class: "number", scope: "col" }, "No."), ["Chapter", "Viewpoint", "Length", "Open issues"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows));
  }

  // ---- beside it

  files(book) {
    const files = downloads(book.artifacts, this.use("exports").data ?? []);
    return h("section", { "aria-labelledby": "files" }, h("h2", { id: "files" }, "Downloads"),
      files.length ? h("ul", { class: "plain lines files" }, files.map((file) => h("li", null,
        h("a", { href: places.file(book.project, file.name), download: "" }, file.label), h("span", { class: "quiet" }, bytes(file.bytes)))))
        : h("p", { class: "quiet" }, "The files are made when the last chapter is finished."),
      h("div", { class: "row" }, h("button", { type: "button", class: "bare", onclick: () => remake(book) }, "Rebuild the files"),
        h("a", { class: "button bare", href: `read/${book.project}` }, "Plain pages for printing")));
  }

  cover(book) {
    const done = () => {
      refresh(names.project(book.project));
      this.covered = true;
    };
    return h("section", { "aria-labelledby": "cover" }, h("h2", { id: "cover" }, "Cover"),
      h("p", { class: "quiet" }, book.cover ? "Your own." : "Drawn from the title, unless you upload one."),
      book.cover && h("img", { class: "own-cover", src: book.cover, alt: "The cover that you uploaded" }),
      h("q-upload", { label: "A picture, PNG or JPEG", kind: "cover", project: book.project, ondone: done }),
      this.covered && h("div", { class: "row" }, h("button", { type: "button", onclick: () => remake(book) }, "Rebuild the files with it")));
  }

  runs(book) {
    if (!book.runs.length) return null;
    return h("section", { "aria-labelledby": "runs" }, h("h2", { id: "runs" }, "How it was written"),
      h("ul", { class: "plain lines" }, book.runs.slice(0, 6).map((run) => h("li", { key: run.run },
        h("a", { href: `runs/${run.run}` }, PIPELINES[run.pipeline] ?? run.pipeline.replaceAll("_", " ")), h("span", { class: "quiet" }, `${run.status}, ${ago(run.created_ms)}`)))));
  }

  render() {
    const { slug } = this.params, { data: book, error } = this.use(names.project(slug)), { data: chapters, error: failed } = this.use(names.chapters(slug));
    title(book?.title ?? slug);
    const wrong = error ?? failed;
    return [
      h("q-book", { slug, tab: "contents" }),
      wrong && h("q-notice", { error: wrong, what: "The book cannot be shown", again: () => { refresh(names.project(slug)); refresh(names.chapters(slug)); } }),
      book && chapters && h("div", { class: "book-page" },
        h("div", { class: "stack" }, h("p", { class: "quiet" }, this.lead(book, chapters)), this.now(book), this.proposals(chapters, book),
          h("div", { class: "row" }, this.way(book, chapters)), this.chapters(book, chapters),
          h("q-findings", { slug, key: slug })),
        h("aside", { class: "stack" }, this.files(book), this.cover(book), this.runs(book))),
    ];
  }
}
define("screen-book", BookScreen);
