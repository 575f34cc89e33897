import { h } from "../lib/dom.js";
import { Element, define } from "../lib/element.js";
class NewScreen extends Element {
  static props = ["params", "query"];
  render() { return h("h1", null, "New"); }
}
define("screen-new", NewScreen);
