import { h } from "../lib/dom.js";
import { Element, define } from "../lib/element.js";
class GateScreen extends Element {
  static props = ["params", "query"];
  render() { return h("h1", null, "Gate"); }
}
define("screen-gate", GateScreen);
