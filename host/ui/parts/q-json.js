// q-json - any JSON value as a form: h("q-json", { value, onedit: (value) => ... }). The value that comes back is a new one of the same
// shape: texts stay texts, numbers numbers. Lists have buttons for add, remove, up and down; nothing needs dragging.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { tell } from "../core/status.js";

const LONG = 60; // characters; longer texts get room
let forms = 0;

// "words_per_chapter" -> "Words per chapter"
export const label = (name) => {
  const text = String(name).replace(/[_-]+/g, " ").trim();
  return text ? text.charAt(0).toUpperCase() + text.slice(1) : "Value";
};

// What a new item of a list looks like: as the first one, empty.
function emptied(value) {
  if (Array.isArray(value)) return [];
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, emptied(v)]));
  return typeof value === "number" ? 0 : typeof value === "boolean" ? false : "";
}

const put = (object, name, value) => (Array.isArray(object) ? object.with(name, value) : { ...object, [name]: value });

// The words by which an item of a list is told from the others.
const nameOf = (item, i) => (item && typeof item === "object" && (item.name || item.title || item.id || item.number)) || i + 1;

class JsonElement extends Element {
  static props = ["value", "onedit"];
  #form = ++forms;
  #roomy = new Map(); // id -> whether the field has room for long text: it stays what it was, or typing would lose the focus

  give(value) {
    this.value = value;
    this.onedit?.(value);
  }

  text(value, id, change) {
    if (!this.#roomy.has(id)) this.#roomy.set(id, value.length > LONG || value.includes("\n"));
    else if (value.includes("\n")) this.#roomy.set(id, true); // one line would drop the others
    return this.#roomy.get(id) ? h("textarea", { id, value, oninput: (event) => change(event.target.value) })
      : h("input", { id, value, oninput: (event) => change(event.target.value) });
  }

  number(value, id, change) {
    const read = (event) => {
      if (event.target.value !== "" && Number.isFinite(event.target.valueAsNumber)) change(event.target.valueAsNumber);
    };
    return h("input", { id, type: "number", step: "any", value: String(value), oninput: read });
  }

  // One named value: a labelled field, or a group.
  field(name, value, at, change) {
    const id = `json-${this.#form}-${at}`;
    if (Array.isArray(value)) return this.list(name, value, at, change);
    if (value && typeof value === "object") return h("fieldset", { class: "group" }, h("legend", null, name), this.fields(value, at, change));
    if (typeof value === "boolean")
      return h("label", { class: "check" }, h("input", { type: "checkbox", checked: value, onchange: (event) => change(event.target.checked) }), name);
    return h("div", { class: "field" }, h("label", { for: id }, name),
      typeof value === "number" ? this.number(value, id, change) : this.text(value ?? "", id, change));
  }

  fields(object, at, change) {
    return Object.entries(object).map(([name, value]) => this.field(label(name), value, `${at}-${name}`, (v) => change(put(object, name, v))));
  }

  list(name, items, at, change) {
    const simple = items.every((item) => typeof item !== "object" || item === null);
    const move = (from, to) => {
      this.#roomy.clear();
      const next = items.toSpliced(from, 1);
      change(next.toSpliced(to, 0, items[from]));
      tell(`Moved to place ${to + 1} of ${items.length}.`);
    };
    const remove = (i) => {
      this.#roomy.clear();
      change(items.toSpliced(i, 1));
    };
    const tools = (i) => h("span", { class: "item-tools" },
      h("button", { type: "button", class: "bare", disabled: i === 0, "aria-label": `Move ${name} ${i + 1} up`, onclick: () => move(i, i - 1) }, "↑"),
      h("button", { type: "button", class: "bare", disabled: i === items.length - 1, "aria-label": `Move ${name} ${i + 1} down`, onclick: () => move(i, i + 1) }, "↓"),
      h("button", { type: "button", class: "bare", "aria-label": `Remove ${name} ${i + 1}`, onclick: () => remove(i) }, "×"));
    const item = (value, i) => {
      const to = (v) => change(put(items, i, v)), id = `json-${this.#form}-${at}-${i}`;
      if (simple) {
        return h("li", { class: "item simple" }, h("label", { class: "visually-hidden", for: id }, `${name} ${i + 1}`),
          typeof value === "number" ? this.number(value, id, to) : this.text(String(value ?? ""), id, to), tools(i));
      }
      return h("li", { class: "item" }, h("details", { open: items.length <= 3 }, h("summary", null, String(nameOf(value, i))),
        h("div", { class: "stack" }, Array.isArray(value) ? this.list(name, value, `${at}-${i}`, to) : this.fields(value ?? {}, `${at}-${i}`, to))), tools(i));
    };
    return h("fieldset", { class: "group" }, h("legend", null, name), items.length === 0 && h("p", { class: "quiet" }, "None."),
      h("ol", { class: "plain items" }, items.map(item)),
      h("div", null, h("button", { type: "button", onclick: () => change([...items, emptied(items[0] ?? "")]) }, "Add")));
  }

  render() {
    const value = this.value;
    if (value === undefined) return null;
    const change = (v) => this.give(v);
    const body = value && typeof value === "object" && !Array.isArray(value) ? this.fields(value, "", change) : this.field("Value", value, "", change);
    return h("div", { class: "stack json-form" }, body);
  }
}
define("q-json", JsonElement);
