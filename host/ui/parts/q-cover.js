// q-cover - a book or a series on the shelf: its cover (drawn from its title when there is none), how far it is, what waits.
import { rehearsed } from "../core/badge.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { number, plural } from "../core/format.js";
import { stateOf } from "../core/sentences.js";
import "./q-line.js";

// Colours of cloth; the same book always has the same.
const HUES = [28, 55, 95, 150, 190, 245, 285, 345];
const hue = (slug) => HUES[[...slug].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) >>> 0, 7) % HUES.length];

function chapters(p) {
  if (!p.chapters_total) return "";
  return p.chapters_done >= p.chapters_total ? plural(p.chapters_total, "chapter") : `${p.chapters_done} of ${plural(p.chapters_total, "chapter")}`;
}

class CoverElement extends Element {
  static props = ["project"];

  render() {
    const p = this.project, series = p.kind === "series", title = p.title || p.project;
    const state = p.last_run && p.last_run.status !== "completed" ? stateOf(p.last_run).word : "";
    return h("a", { class: "cover-link", href: `${series ? "series" : "books"}/${encodeURIComponent(p.project)}` },
      h("span", { class: "cover", style: { "--hue": String(hue(p.project)) }, "aria-hidden": "true" },
        p.cover ? h("img", { src: p.cover, alt: "", loading: "lazy" }) : [h("span", { class: "name" }, title), h("span", { class: "by" }, p.author)]),
      h("span", { class: "cover-text" },
        h("strong", null, title, rehearsed(p)),
        h("span", null, [series ? "Series" : chapters(p), p.words && plural(p.words, "word"), state].filter(Boolean).join(" · ")),
        p.proposals > 0 && h("span", null, `${plural(p.proposals, "proposal")} to look at`),
        p.chapters_total > 0 && p.chapters_done < p.chapters_total && h("q-line", { done: p.chapters_done, total: p.chapters_total, what: `${number(p.chapters_done)} of ${plural(p.chapters_total, "chapter")}` })));
  }
}
define("q-cover", CoverElement);
