// q-reading - a document to be read: text as paragraphs, JSON as headings, sentences and lists. The same value that a form edits.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";

export const heading = (name) => {
  const words = String(name).replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const scalar = (value) => value === null || typeof value !== "object";
const nameOf = (item) => item.title ?? item.name ?? null;

class ReadingElement extends Element {
  static props = ["value"];

  text(value) {
    return String(value ?? "").split(/\n\s*\n/).filter(Boolean).map((paragraph) => h("p", null, paragraph));
  }

  // The fields of a small thing in a list, on lines.
  facts(object) {
    return Object.entries(object).filter(([name, value]) => value !== nameOf(object) || (name !== "title" && name !== "name")).map(([name, value]) =>
      scalar(value) ? h("p", { class: "fact" }, h("span", { class: "fact-name" }, `${heading(name)}: `), String(value ?? "")) : this.part(name, value, 4));
  }

  list(items) {
    if (items.every(scalar)) return h("ul", null, items.map((item) => h("li", null, String(item))));
    return h("div", { class: "cards" }, items.map((item) => h("article", null, scalar(item) ? this.text(item) : [nameOf(item) && h("h4", null, String(nameOf(item))), this.facts(item)])));
  }

  part(name, value, level) {
    if (value === "" || value === null || (Array.isArray(value) && !value.length)) return null;
    if (scalar(value) && level > 3) return h("p", { class: "fact" }, h("span", { class: "fact-name" }, `${heading(name)}: `), String(value));
    return h("section", null, h(`h${Math.min(level, 5)}`, null, heading(name)),
      scalar(value) ? this.text(value) : Array.isArray(value) ? this.list(value) : Object.entries(value).map(([inner, v]) => this.part(inner, v, 5)));
  }

  render() {
    const { value } = this;
    if (scalar(value)) return h("div", { class: "reading prose" }, this.text(value));
    return h("div", { class: "reading prose" }, Array.isArray(value) ? this.list(value) : Object.entries(value).map(([name, v]) => this.part(name, v, 3)));
  }
}
define("q-reading", ReadingElement);
