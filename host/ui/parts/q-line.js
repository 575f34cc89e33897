// q-line - a thin line of progress with a text alternative.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";

class LineElement extends Element {
  static props = ["done", "total", "what"];

  render() {
    if (!this.total) return null;
    const part = Math.min(1, this.done / this.total);
    return h("span", { class: ["line", part === 1 && "done"], role: "progressbar", "aria-label": this.what ?? "Progress", "aria-valuemin": 0, "aria-valuemax": this.total, "aria-valuenow": this.done },
      h("span", { style: { "--part": String(part) } }));
  }
}
define("q-line", LineElement);
