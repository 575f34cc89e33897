// q-header - the name, the ways to the screens, whether the stream is there (only when it is not), and how the page looks.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { icon } from "../core/icons.js";
import "./q-appearance.js";

const PLACES = [["./", "Home", /^\/(books|series|new|$)/], ["runs", "Runs", /^\/(runs|gates)/], ["scripts", "Scripts", /^\/scripts/], ["settings", "Settings", /^\/settings/]];
const WORDS = { connecting: "Reconnecting…", polling: "Live, with a short delay" };

class HeaderElement extends Element {
  render() {
    const place = this.watch("place") ?? "", word = WORDS[this.watch("connection")];
    return h("div", { class: "bar", role: "banner" },
      h("a", { class: "wordmark", href: "./" }, "Quire"),
      h("nav", { "aria-label": "Screens" }, PLACES.map(([href, name, here]) => h("a", { href, "aria-current": here.test(place) && "page" }, name))),
      h("div", { class: "tools" },
        word && h("span", { class: "connection" }, icon("clock"), h("span", { class: "word" }, word)),
        h("a", { class: "button", href: "new" }, icon("plus"), "New"),
        h("q-appearance")));
  }
}
define("q-header", HeaderElement);
