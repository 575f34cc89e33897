// q-help - the list of keyboard shortcuts, opened by "?" (which works also when single letters are switched off).
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { keys, shortcuts } from "../core/keys.js";

class HelpElement extends Element {
  connected() {
    keys([{ keys: "?", what: "This list", run: () => this.open() }], this.life);
  }

  open() {
    this.draw();
    this.querySelector("dialog").showModal();
  }

  render() {
    return h("dialog", { "aria-labelledby": "q-help-title" },
      h("h2", { id: "q-help-title" }, "Keyboard shortcuts"),
      h("table", null, h("tbody", null, shortcuts().map((binding) => h("tr", { key: binding.keys },
        h("th", { scope: "row" }, binding.keys.split(" ").map((key) => [h("kbd", null, key), " "])), h("td", null, binding.what))))),
      h("p", { class: "help" }, "Single letters can be switched off under Aa at the top of the page."),
      h("form", { method: "dialog", class: "actions" }, h("button", null, "Close")));
  }
}
define("q-help", HelpElement);
