// missing.js - an address that leads nowhere.
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { title } from "../../core/router.js";

class MissingScreen extends Element {
  static props = ["params", "query"];

  connected() {
    title("Not found");
  }

  render() {
    return [h("h1", null, "There is no such page"), h("p", { class: "lead" }, "The address may be of something that was deleted. ", h("a", { href: "./" }, "Home"), " shows what there is.")];
  }
}
define("screen-missing", MissingScreen);
