// reader.js - one chapter to read: serif, a measure for the eye, the next one a key away; it opens where the reader stopped. Editing,
// rewriting and the versions are a step away, not in the way.
import "../../parts/q-notice.js";
import { chapterTitle, keepPlace, names, placeOf, places } from "../../core/book.js";
import { rehearsed } from "../../core/badge.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { plural } from "../../core/format.js";
import { keys } from "../../core/keys.js";
import { markup } from "../../core/markup.js";
import { prefs } from "../../core/prefs.js";
import { refresh, refreshSoon } from "../../core/resource.js";
import { go, title } from "../../core/router.js";
import { rewrite } from "../../core/runs.js";
import { sheet } from "../../core/sheet.js";
import { tell } from "../../core/status.js";
import { stream } from "../../core/stream.js";

await Promise.all([sheet(import.meta.url, "./book.css"), sheet(import.meta.url, "../../theme/prose.css")]);

const SIZES = ["s", "m", "l", "xl"];
const KEEP_MS = 400;

class ReaderScreen extends Element {
  static props = ["params", "query"];
  #blocks = { html: null, list: [] };
  #placed = false;
  #timer = 0;

  get number() {
    return Number(this.params.number);
  }

  connected() {
    keys([
      { keys: "ArrowRight", what: "Next chapter", run: () => this.step(1) },
      { keys: "ArrowLeft", what: "Previous chapter", run: () => this.step(-1) },
      { keys: "c", what: "Contents", run: () => go(places.book(this.params.slug)) },
      { keys: "e", what: "Edit this chapter", run: () => this.to("document") },
      { keys: "v", what: "Versions of this chapter", run: () => this.to("versions") },
      { keys: "w", what: "Rewrite this chapter", run: () => this.rewrite() },
      { keys: "+", what: "Larger text", run: () => this.size(1) },
      { keys: "-", what: "Smaller text", run: () => this.size(-1) },
    ], this.life);
    document.addEventListener("scroll", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.keep(), KEEP_MS);
    }, { signal: this.life, passive: true });
    addEventListener("pagehide", () => this.keep(), { signal: this.life });
    stream.on("run", (run) => run.project === this.params.slug && this.stale(), this.life);
    refresh(names.chapters(this.params.slug));
  }

  stale() {
    refreshSoon(names.chapters(this.params.slug), 1000);
    const chapter = this.chapter();
    if (chapter) refreshSoon(this.text(chapter), 1000);
  }

  // ---- what is read

  chapters() {
    return this.use(names.chapters(this.params.slug)).data?.filter((c) => c.written);
  }

  chapter() {
    return this.chapters()?.find((c) => c.number === this.number);
  }

  text(chapter) {
    return `${names.artifact(this.params.slug, chapter.name)}?html=1`;
  }

  blocks(html) {
    if (this.#blocks.html !== html) this.#blocks = { html, list: markup(html) };
    return this.#blocks.list;
  }

  step(by) {
    const list = this.chapters() ?? [], other = list[list.findIndex((c) => c.number === this.number) + by];
    if (other) go(places.chapter(this.params.slug, other.number));
    else tell(by > 0 ? "This is the last chapter." : "This is the first chapter.");
  }

  to(place) {
    const chapter = this.chapter();
    if (chapter) go(places[place](this.params.slug, chapter.name));
  }

  async rewrite() {
    const chapter = this.chapter(), book = this.use(names.project(this.params.slug)).data;
    if (chapter && book && await rewrite(book, chapter)) refresh(names.project(this.params.slug));
  }

  size(by) {
    const at = SIZES.indexOf(prefs.get("size")) + by;
    if (!SIZES[at]) return;
    prefs.set("size", SIZES[at]);
    tell(`Text size ${at + 1} of ${SIZES.length}.`);
  }

  // ---- the place

  keep() {
    const prose = this.querySelector(".prose");
    if (!this.#placed || !prose) return;
    const top = this.#top(), blocks = [...prose.children], block = blocks.findIndex((b) => b.getBoundingClientRect().bottom > top);
    if (block < 0) return;
    const box = blocks[block].getBoundingClientRect();
    keepPlace(this.params.slug, { chapter: this.number, block, share: Math.max(0, (top - box.top) / (box.height || 1)) });
  }

  // The first line that is not under the header.
  #top() {
    const header = document.querySelector("q-header");
    return header && getComputedStyle(header).position === "sticky" ? header.offsetHeight : 0;
  }

  // A frame later: the router scrolls to the top after the first drawing.
  drawn() {
    if (this.#placed || !this.querySelector(".prose")?.children.length) return;
    this.#placed = true;
    requestAnimationFrame(() => this.isConnected && this.place());
  }

  place() {
    const place = placeOf(this.params.slug), block = place?.chapter === this.number && place.block > 0 ? this.querySelector(".prose").children[place.block] : null;
    if (!block) return this.keep();
    const box = block.getBoundingClientRect();
    scrollTo({ top: scrollY + box.top + box.height * place.share - this.#top(), behavior: "instant" });
  }

  // ---- the page

  tools(chapter) {
    const { slug } = this.params, size = SIZES.indexOf(this.watch("prefs").size);
    return h("div", { class: "reader-tools no-print" },
      h("a", { class: "button bare", href: places.document(slug, chapter.name) }, "Edit"),
      h("button", { type: "button", class: "bare", onclick: () => this.rewrite() }, "Rewrite…"),
      h("a", { class: "button bare", href: places.versions(slug, chapter.name) }, "Versions"),
      h("span", { class: "row sizes", role: "group", "aria-label": "Text size" },
        h("button", { type: "button", class: "bare", "aria-label": "A−, smaller text", disabled: size === 0, onclick: () => this.size(-1) }, "A−"),
        h("button", { type: "button", class: "bare", "aria-label": "A+, larger text", disabled: size === SIZES.length - 1, onclick: () => this.size(1) }, "A+")));
  }

  proposal(chapter) {
    if (!chapter.proposals.length) return null;
    return h("div", { class: "notice ask no-print" }, h("p", null, "A run proposes another text for this chapter. Your text is kept unless you accept the proposal."),
      h("div", { class: "row" }, h("a", { class: "button", href: places.versions(this.params.slug, chapter.name) }, "Compare")));
  }

  // What a rewriting touched: later chapters that mention what has changed (impact/03.json), as long as this is the rewritten version.
  impact(chapter, book) {
    const name = book?.artifacts.find((a) => new RegExp(`^impact/0*${chapter.number}\\.json$`).test(a.name))?.name;
    if (!name) return null;
    let told = null;
    try {
      told = JSON.parse(this.use(names.artifact(this.params.slug, name)).data?.content ?? "null");
    } catch {
      return null;
    }
    if (!told?.impact?.length || told.version !== chapter.version) return null;
    return h("details", { class: "notice no-print" }, h("summary", null, `${plural(told.impact.length, "place")} in later chapters may lean on what the rewriting changed`),
      h("ul", null, told.impact.map((place) => h("li", null, h("a", { href: places.chapter(this.params.slug, place.chapter) }, `Chapter ${place.chapter}`),
        `: ${place.who}, ${place.value || place.what}`, place.change === "gone" ? " is no longer true here." : " is new here.", place.why && h("q", null, place.why)))));
  }

  ways(list) {
    const at = list.findIndex((c) => c.number === this.number), way = (chapter, rel, word) => (chapter
      ? h("a", { rel, href: places.chapter(this.params.slug, chapter.number) }, h("span", null, word), h("strong", null, chapterTitle(chapter))) : h("span"));
    return h("nav", { class: "ways no-print", "aria-label": "Chapters" }, way(list[at - 1], "prev", "Previous"), way(list[at + 1], "next", "Next"));
  }

  body(chapter) {
    const { data, error } = this.use(this.text(chapter));
    if (!data) return error ? h("q-notice", { error, what: "The chapter cannot be shown", again: () => refresh(this.text(chapter)) }) : null;
    return h("article", { class: "prose", dir: "auto", "aria-label": chapterTitle(chapter) }, this.blocks(data.html ?? ""));
  }

  render() {
    const { slug } = this.params, book = this.use(names.project(slug)).data, { error } = this.use(names.chapters(slug)), list = this.chapters(), chapter = this.chapter();
    title(chapter ? `${chapterTitle(chapter)}, ${book?.title ?? slug}` : slug);
    const where = chapter && `Chapter ${chapter.number} of ${Math.max(list.length, book?.chapters_total ?? 0)}, ${plural(chapter.words, "word")}${chapter.viewpoint ? `, seen by ${chapter.viewpoint}` : ""}`;
    return h("div", { class: "reader" },
      h("p", { class: "crumb" }, h("a", { href: places.book(slug) }, book?.title || slug), rehearsed(book)),
      h("h1", { class: chapter ? "visually-hidden" : "" }, chapter ? chapterTitle(chapter) : list ? "This book has no such chapter" : "Chapter"),
      error && h("q-notice", { error, what: "The chapter cannot be shown", again: () => refresh(names.chapters(slug)) }),
      list && !chapter && h("p", { class: "lead" }, "It may not be written yet. ", h("a", { href: places.book(slug) }, "The contents"), " show what there is."),
      chapter && [h("div", { class: "reader-head" }, h("p", { class: "quiet" }, where), this.tools(chapter)), this.proposal(chapter), this.impact(chapter, book), this.body(chapter), this.ways(list)]);
  }
}
define("screen-reader", ReaderScreen);
