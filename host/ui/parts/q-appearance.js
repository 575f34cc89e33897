// q-appearance - "Aa": theme, text size, how live text comes, single-letter shortcuts. Kept in this browser (core/prefs.js).
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { prefs } from "../core/prefs.js";

const CHOICES = [
  ["theme", "Light", [["system", "As the system"], ["light", "Paper"], ["dark", "Lamplight"]]],
  ["size", "Text", [["s", "Small"], ["m", "Normal"], ["l", "Large"], ["xl", "Larger"]]],
  ["live", "Text that is being written", [["text", "Show text while it is being written"], ["chapters", "Show whole chapters only"]]],
];

class AppearanceElement extends Element {
  choice([name, label, values]) {
    const chosen = this.watch("prefs")[name];
    return h("fieldset", null, h("legend", null, label), h("div", { class: "segments" },
      values.map(([value, word]) => h("label", null,
        h("input", { type: "radio", name: `q-${name}`, value, checked: chosen === value, onchange: () => prefs.set(name, value) }), word))));
  }

  render() {
    return [
      h("button", { type: "button", class: "bare", popovertarget: "q-appearance", "aria-label": "Aa, how it looks" }, "Aa"),
      h("div", { id: "q-appearance", popover: "auto", role: "dialog", "aria-label": "How it looks" }, h("div", { class: "stack" },
        CHOICES.map((choice) => this.choice(choice)),
        h("label", { class: "check" },
          h("input", { type: "checkbox", checked: this.watch("prefs").shortcuts, onchange: (event) => prefs.set("shortcuts", event.target.checked) }),
          h("span", null, "Single-letter shortcuts", h("span", { class: "help" }, "Press ? for the list.")))))];
  }
}
define("q-appearance", AppearanceElement);
