// q-with - the choices of a resume or retry, as fields of the form around it: what is taken anew instead of as it was, what that may repeat,
// another model, a higher limit. Names of the fields: with (several), model, budget_usd.
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";

const CHOICES = [
  ["scripts", "The current scripts", "Without it: exactly the scripts it started with."],
  ["artifacts", "Documents with your edits", "Plans, chapters and other documents that you or another run changed since are read again."],
  ["models", "Models from the current settings", "Questions are asked again where a role now means another model."],
];

class WithElement extends Element {
  static props = ["run", "verb", "repeat", "model"];

  connected() {
    this.chosen = new Set();
    this.look();
  }

  async look() {
    const chosen = [...this.chosen].join(",");
    try {
      const { data } = await get(`runs/${this.run.run}/repeat?with=${chosen}`, this.life);
      if ([...this.chosen].join(",") === chosen) this.repeat = data;
    } catch {
      this.repeat = null; // the forecast is a help; what happens is told either way
    }
  }

  choose(name, on) {
    if (on) this.chosen.add(name);
    else this.chosen.delete(name);
    this.look();
  }

  // A finished run asks nothing more: who names another model for it means all of it.
  forecast() {
    if (this.model && this.run.status === "completed") return `Everything is asked again of ${this.model}, and paid for as a new book is.`;
    if (this.repeat?.note) return this.repeat.note;
    if (!this.chosen.size) return "Everything that was answered is kept; only what is still missing is asked.";
    return "Only questions whose words change are asked again; every other answer is kept.";
  }

  render() {
    const budget = this.run.waits?.kind === "budget";
    return h("div", { class: "stack" },
      h("fieldset", null, h("legend", null, this.verb === "retry" ? "The new run keeps the old one's answers. Refresh these:" : "It continues where it stopped. Refresh these:"),
        CHOICES.map(([value, label, help]) => h("label", { class: "check" },
          h("input", { type: "checkbox", name: "with", value, onchange: (event) => this.choose(value, event.target.checked) }),
          h("span", null, label, h("span", { class: "help" }, help))))),
      h("p", { class: "notice", role: "status" }, this.forecast()),
      h("div", { class: "field" }, h("label", { for: "q-with-budget" }, budget ? "New limit in USD" : "Limit in USD"),
        h("input", { id: "q-with-budget", name: "budget_usd", type: "number", min: 0, step: "any", required: budget, placeholder: String(this.run.limits?.usd ?? "") }),
        h("p", { class: "help" }, "For the whole run. When it is reached the run pauses; nothing is lost.")),
      h("div", { class: "field" }, h("label", { for: "q-with-model" }, "Another model for everything"),
        h("input", { id: "q-with-model", name: "model", placeholder: "provider/model", autocomplete: "off", pattern: "\\S+/\\S+", oninput: (event) => { this.model = event.target.value.trim(); } }),
        h("p", { class: "help" }, this.run.status === "completed" ? "Then everything is asked again of that model." : "What was answered is kept, unless “Models from the current settings” is chosen too.")));
  }
}
define("q-with", WithElement);
