// q-fields - a pipeline's declared fields as form fields: h("q-fields", { fields, value, onedit, wrong }). `value` is { name: value }; onedit
// gets a new one. What is required and the first few come first, the rest behind "More choices". `wrong` is { name: message }.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";

const SHOWN = 8;

export const label = (field) => {
  const words = (field.label ?? field.name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

// Text of a form -> the value that the declaration wants; undefined: nothing was given.
function typed(field, text) {
  if (text === "") return undefined;
  if (field.type === "integer" || field.type === "number") return Number(text);
  if (field.type === "list") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  return text;
}

class FieldsElement extends Element {
  static props = ["fields", "value", "onedit", "wrong"];

  set(field, value) {
    const next = { ...this.value };
    if (value === undefined) delete next[field.name];
    else next[field.name] = value;
    this.value = next;
    this.onedit?.(next);
  }

  control(field, common) {
    const value = this.value[field.name], onedit = (event) => this.set(field, typed(field, event.target.value));
    const hint = field.default !== undefined && field.default !== "" ? String(field.default) : "";
    if (field.choices) {
      return h("select", { ...common, value: value ?? field.default ?? "", onchange: onedit }, !field.required && h("option", { value: "" }, "Default"), field.choices.map((choice) => h("option", { value: choice }, choice)));
    }
    switch (field.type) {
      case "integer":
      case "number": return h("input", { ...common, type: "number", min: field.min, max: field.max, step: field.type === "integer" ? 1 : "any", value: value ?? field.default ?? "", oninput: onedit });
      case "text": return h("textarea", { ...common, rows: field.required ? 6 : 3, value: value ?? "", placeholder: hint, oninput: onedit });
      case "list": return h("textarea", { ...common, rows: 3, value: (value ?? field.default ?? []).join("\n"), oninput: onedit });
      default: return h("input", { ...common, value: value ?? "", placeholder: hint, oninput: onedit });
    }
  }

  help(field) {
    const bounds = field.min !== undefined && field.max !== undefined ? `${field.min} to ${field.max}` : "";
    return [field.help, bounds, field.type === "list" && "One a line"].filter(Boolean).join(". ");
  }

  field(field) {
    const id = `field-${field.name}`, wrong = this.wrong?.[field.name], help = this.help(field);
    const common = { id, name: field.name, required: field.required, "aria-describedby": [help && `${id}-help`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || null, "aria-invalid": wrong ? "true" : null };
    if (field.type === "boolean") {
      return h("label", { class: "check", key: field.name }, h("input", { ...common, required: null, type: "checkbox", checked: this.value[field.name] ?? field.default ?? false, onchange: (event) => this.set(field, event.target.checked) }),
        h("span", null, label(field), help && h("span", { class: "help", id: `${id}-help` }, help)));
    }
    return h("div", { class: "field", key: field.name },
      h("label", { for: id }, label(field), field.required && h("span", { class: "quiet" }, " (needed)")),
      help && h("p", { class: "help", id: `${id}-help` }, help),
      this.control(field, common),
      wrong && h("p", { class: "wrong", id: `${id}-wrong` }, wrong));
  }

  render() {
    const { fields } = this, first = [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required && field.type !== "boolean")].slice(0, SHOWN);
    const flags = fields.filter((field) => field.type === "boolean"), rest = fields.filter((field) => !first.includes(field) && !flags.includes(field));
    const used = rest.some((field) => this.value[field.name] !== undefined || this.wrong?.[field.name]);
    return h("div", { class: "stack" }, first.map((field) => this.field(field)), flags.map((field) => this.field(field)),
      rest.length > 0 && h("details", { open: used || null }, h("summary", null, `More choices (${rest.length})`), h("div", { class: "stack" }, rest.map((field) => this.field(field)))));
  }
}
define("q-fields", FieldsElement);
