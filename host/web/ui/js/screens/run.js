import { h } from "../lib/dom.js";
import { Element, define } from "../lib/element.js";
class RunScreen extends Element {
  static props = ["params", "query"];
  render() { return h("h1", null, "Run"); }
}
define("screen-run", RunScreen);
