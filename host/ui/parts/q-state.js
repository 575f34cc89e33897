// q-state - a run's state: a drawing and a word, never a colour alone.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { icon } from "../core/icons.js";
import { stateOf } from "../core/sentences.js";

class StateElement extends Element {
  static props = ["run"];

  render() {
    const state = stateOf(this.run);
    return h("span", { class: ["state", this.run.status] }, icon(state.icon), state.word);
  }
}
define("q-state", StateElement);
