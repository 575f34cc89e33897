// ask.js - a question in a dialog: ask({ title, text, action, danger }) resolves to true or false. `body` may be a description with fields
// (core/dom.js); the answer is then the form's FormData, or null.
import { h, patch } from "./dom.js";

export function ask({ title, text = "", body = null, action, cancel = "Not now", danger = false }) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "q-ask-title");
  let answer = body ? null : false;
  const agree = (event) => {
    event.preventDefault();
    answer = body ? new FormData(event.target) : true;
    dialog.close();
  };
  patch(dialog, h("form", { onsubmit: agree },
    h("h2", { id: "q-ask-title" }, title), text && h("p", null, text), body,
    h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => dialog.close() }, cancel),
      h("button", { class: danger ? "danger" : "primary" }, action))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
  });
}
