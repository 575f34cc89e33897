// q-book - the head of a book's screens: where it belongs, its title, and the ways to its contents, its text, its people and its documents.
//   h("q-book", { slug, tab: "contents" | "read" | "cast" | "documents" })
import { rehearsed } from "../core/badge.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { names, placeOf, places } from "../core/book.js";
import { path } from "../core/api.js";

class BookElement extends Element {
  static props = ["slug", "tab"];

  tabs() {
    return [["contents", "Contents", places.book(this.slug)], ["read", "Read", places.chapter(this.slug, placeOf(this.slug)?.chapter ?? 1)],
      ["cast", "Cast and promises", places.cast(this.slug)], ["documents", "Documents", places.documents(this.slug)]];
  }

  render() {
    const book = this.use(names.project(this.slug)).data;
    return [
      h("p", { class: "crumb" }, book?.parent ? [h("a", { href: `series/${path(book.parent)}` }, "The series")] : h("a", { href: "./" }, "Home")),
      h("h1", { class: "book-title" }, book?.title || this.slug, rehearsed(book)),
      h("nav", { class: "tabs", "aria-label": "This book" },
        this.tabs().map(([name, word, href]) => h("a", { href, "aria-current": this.tab === name && "page" }, word))),
    ];
  }
}
define("q-book", BookElement);
