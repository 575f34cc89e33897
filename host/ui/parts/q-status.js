// q-status - the corner where core/status.js speaks: toasts, and one quiet status region. Prose that is being written never comes here.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { dismiss } from "../core/status.js";

class StatusElement extends Element {
  toast(notice) {
    const act = () => {
      dismiss(notice.id);
      notice.run();
    };
    return h("div", { class: "toast", key: notice.id },
      h("div", null, h("p", null, notice.text), notice.hint && h("p", null, notice.hint), notice.action && h("button", { type: "button", onclick: act }, notice.action)),
      h("button", { type: "button", onclick: () => dismiss(notice.id), "aria-label": "Close this message" }, "×"));
  }

  render() {
    return [
      h("p", { class: "visually-hidden", role: "status" }, this.watch("spoken")),
      h("div", { class: "stack", role: "status", "aria-label": "Messages" }, this.watch("notices").map((notice) => this.toast(notice))),
    ];
  }
}
define("q-status", StatusElement);
