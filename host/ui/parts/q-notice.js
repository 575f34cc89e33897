// q-notice - what went wrong: what, where, what to do, and a way to try again.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";

class NoticeElement extends Element {
  static props = ["error", "what", "again"];

  render() {
    if (!this.error) return null;
    return h("div", { class: "notice bad", role: "alert" },
      h("h3", null, this.what ?? "That did not work"),
      h("p", null, this.error.message),
      this.error.hint && h("p", null, this.error.hint),
      this.again && h("div", { class: "row" }, h("button", { type: "button", onclick: this.again }, "Try again")));
  }
}
define("q-notice", NoticeElement);
