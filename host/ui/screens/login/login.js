// login.js - the password, where one is set. Afterwards the page that was asked for.
import { post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { title } from "../../core/router.js";
import "../../parts/q-notice.js";

class LoginScreen extends Element {
  static props = ["params", "query", "error"];

  connected() {
    title("Sign in");
  }

  async enter(event) {
    event.preventDefault();
    try {
      await post("session", { password: new FormData(event.target).get("password") });
    } catch (error) {
      this.error = error;
      return;
    }
    const next = new URL(this.query.get("next") ?? "./", document.baseURI);
    location.assign(next.origin === location.origin ? next : document.baseURI);
  }

  render() {
    return h("form", { class: "stack", onsubmit: (event) => this.enter(event) },
      h("h1", null, "Sign in"),
      this.error && h("q-notice", { error: this.error, what: "Not signed in" }),
      h("div", { class: "field" }, h("label", { for: "password" }, "Password"),
        h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true, autofocus: true })),
      h("div", { class: "row" }, h("button", { class: "primary" }, "Enter")));
  }
}
define("screen-login", LoginScreen);
