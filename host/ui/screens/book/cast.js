// cast.js - the people of a book and what it promised, as the pipeline left them: blueprint.json has the cast, structure.json the promises,
// and what was taken down after each chapter says who was in it, what it opened and what it paid.
import "../../parts/q-book.js";
import "../../parts/q-notice.js";
import { names, places } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";

await sheet(import.meta.url, "./book.css");

const parsed = (entry) => {
  try {
    return JSON.parse(entry.data?.content ?? "null");
  } catch {
    return null;
  }
};

// A person or a model may have left anything there: what is no list of objects has nobody in it, and a name is text.
const listed = (list, name) => (Array.isArray(list) ? list : [])
  .filter((item) => item && typeof item === "object").map((item) => ({ ...item, [name]: String(item[name] ?? "") }));

// "Keira" in a chapter is "Keira Keane" of the cast.
const same = (name, other) => name === other || other.startsWith(`${name} `) || name.startsWith(`${other} `);

class CastScreen extends Element {
  static props = ["params", "query"];

  document(name) {
    return parsed(this.use(names.artifact(this.params.slug, name)));
  }

  person(person, chapters) {
    const seen = chapters.filter((c) => c.names.some((name) => same(name, person.name)));
    const facts = [["Wants", person.want], ["Wound", person.wound], ["Voice", person.voice]].filter(([, text]) => text);
    return h("li", { class: "person", key: person.name },
      h("h3", null, person.name, person.weight && h("span", { class: "tag" }, person.weight)),
      person.role && h("p", null, person.role),
      facts.length > 0 && h("dl", { class: "facts" }, facts.map(([name, text]) => [h("dt", null, name), h("dd", null, text)])),
      this.appearances(person, seen, chapters));
  }

  // One mark a chapter: an even row of them is what one looks for.
  appearances(person, seen, chapters) {
    if (!chapters.length) return null;
    const here = new Set(seen.map((c) => c.number));
    const words = seen.length ? `In ${plural(seen.length, "chapter")} of ${chapters.length}: ${seen.map((c) => c.number).join(", ")}` : "In no chapter yet";
    return h("p", { class: "seen" },
      h("svg", { class: "strip", viewBox: `0 0 ${chapters.length * 4} 8`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
        chapters.map((c, i) => h("rect", { class: here.has(c.number) ? "bar" : "track", x: String(i * 4), y: "0", width: "3", height: "8" }))),
      h("span", { class: "quiet" }, words));
  }

  // Paid in the chapter that says so; else open, due, or overdue.
  state(promise, chapters) {
    const paid = chapters.find((c) => c.paid.includes(promise.id)), opened = chapters.find((c) => c.opened.includes(promise.id));
    const written = Math.max(0, ...chapters.map((c) => c.number));
    if (paid) return { word: `Kept in chapter ${paid.number}`, kind: "completed" };
    if (promise.due <= written) return { word: `Open past chapter ${promise.due}, where it was due`, kind: "failed" };
    return { word: opened || promise.opened <= written ? `Open, due in chapter ${promise.due}` : `Not made yet, due in chapter ${promise.due}`, kind: "" };
  }

  promise(promise, chapters) {
    const state = this.state(promise, chapters);
    return h("tr", { key: promise.id }, h("td", { class: "prose-cell" }, promise.text.split(/\n\s*\n/).map((p) => h("p", null, p))),
      h("td", { "data-label": "Made in", class: "number" }, h("a", { href: places.chapter(this.params.slug, promise.opened) }, `Chapter ${promise.opened}`)),
      h("td", { "data-label": "State" }, h("span", { class: ["state", state.kind] }, state.word)));
  }

  render() {
    const { slug } = this.params, { data: chapters, error } = this.use(names.chapters(slug)), known = (chapters ?? []).filter((c) => c.written);
    const blueprint = this.document("blueprint.json"), structure = this.document("structure.json"), cast = listed(blueprint?.cast, "name"), promises = listed(structure?.promises, "text");
    title("Cast and promises");
    return [
      h("q-book", { slug, tab: "cast" }),
      error && h("q-notice", { error, what: "The chapters cannot be read", again: () => refresh(names.chapters(slug)) }),
      h("section", { "aria-labelledby": "cast" },
        h("div", { class: "section-head" }, h("h2", { id: "cast" }, "Cast"), blueprint && h("a", { class: "button bare", href: places.document(slug, "blueprint.json") }, "Edit the blueprint")),
        cast.length ? h("ul", { class: "plain people" }, cast.map((person) => this.person(person, known))) : h("p", { class: "quiet" }, "The cast is made with the blueprint, the first phase of a book.")),
      h("section", { "aria-labelledby": "promises" },
        h("div", { class: "section-head" }, h("h2", { id: "promises" }, "Promises"), structure && h("a", { class: "button bare", href: places.document(slug, "structure.json") }, "Edit the structure")),
        promises.length ? h("table", { class: "cards promises" },
          h("thead", null, h("tr", null, ["What the reader was promised", "Made in", "State"].map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", null, promises.map((p) => this.promise(p, known))))
          : h("p", { class: "quiet" }, "What the book owes its reader is planned with its structure.")),
    ];
  }
}
define("screen-cast", CastScreen);
