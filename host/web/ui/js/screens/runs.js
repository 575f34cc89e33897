import { h } from "../lib/dom.js";
import { Element, define } from "../lib/element.js";
class RunsScreen extends Element {
  static props = ["params", "query"];
  render() { return h("h1", null, "Runs"); }
}
define("screen-runs", RunsScreen);
