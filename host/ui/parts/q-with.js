// q-with - the choices of a resume or retry, as fields of the form around it: what is taken anew instead of as it was, what that may repeat,
// another model, a higher limit. Names of the fields: with (several), model, budget_usd, budget_tokens.
import { post } from "../core/api.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { money, plural } from "../core/format.js";

const CHOICES = [
  ["scripts", "The current scripts", "Without it: exactly the scripts it started with."],
  ["artifacts", "Documents with your edits", "Plans, chapters and other documents that you or another run changed since are read again."],
  ["models", "Models from the current settings", "Questions are asked again where a role now means another model."],
];

class WithElement extends Element {
  static props = ["run", "verb", "at", "plan", "trouble"];

  connected() {
    this.chosen = new Set();
    this.look();
  }

  // What the host says would happen: the same request as the act itself, which then changes nothing.
  async look() {
    const body = { with: [...this.chosen], plan: true, at: this.at }, asked = this.asked = {};
    if (/^\S+\/\S+$/.test(this.model ?? "")) body.models = { "": this.model.split(/[\s,]+/) };
    try {
      const { data } = await post(`runs/${this.run.run}/${this.verb}`, body, undefined, this.life);
      if (this.asked === asked) [this.plan, this.trouble] = [data, ""];
    } catch (error) {
      if (this.asked === asked && !this.life.aborted) [this.plan, this.trouble] = [null, error.message];
    }
  }

  typed(model) {
    this.model = model.trim();
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.look(), 300);
  }

  choose(name, on) {
    if (on) this.chosen.add(name);
    else this.chosen.delete(name);
    this.look();
  }

  sum(fate) {
    const { calls = 0, cost_usd, unpriced_calls } = this.plan?.[fate] ?? {};
    return `${plural(calls, "answer")}, ${unpriced_calls === calls && calls ? "of unknown cost" : money(cost_usd)}`;
  }

  // Which answers stay and which are asked again, with what those cost last time.
  outcome() {
    if (!this.plan) return this.trouble || "Everything that was answered is kept; only what is still missing is asked.";
    const row = (fate, words) => this.plan[fate].calls > 0 && h("li", { key: fate }, `${words}: ${this.sum(fate)}${fate === "stays" ? "" : " last time"}`);
    const groups = this.plan.groups.filter((group) => group.fate !== "stays");
    return [h("ul", { class: "plan" }, row("again", "Asked again"), row("may", "Perhaps asked again"), row("stays", "Kept, not paid again")), h("p", null, this.plan.note),
      this.plan.changed_scripts?.length > 0 && h("p", null, `Changed scripts: ${this.plan.changed_scripts.join(", ")}.`),
      groups.length > 0 && h("details", null, h("summary", null, "Which"), h("ul", null, groups.map((group, i) =>
        h("li", { key: i }, `${group.fate === "may" ? "Perhaps, " : ""}${group.role}, ${group.model}: ${plural(group.calls, "call")}, ${money(group.cost_usd)}`))))];
  }

  render() {
    const budget = this.run.waits?.kind === "budget";
    return h("div", { class: "stack" },
      h("fieldset", null, h("legend", null, this.verb !== "resume" ? "The new run keeps the old one's answers. Refresh these:" : "It continues where it stopped. Refresh these:"),
        CHOICES.map(([value, label, help]) => h("label", { class: "check" },
          h("input", { type: "checkbox", name: "with", value, onchange: (event) => this.choose(value, event.target.checked) }),
          h("span", null, label, h("span", { class: "help" }, help))))),
      h("div", { class: "notice", role: "status" }, this.outcome()),
      h("div", { class: "field" }, h("label", { for: "q-with-budget" }, budget ? "New limit in USD" : "Limit in USD"),
        h("input", { id: "q-with-budget", name: "budget_usd", type: "number", min: 0, step: "any", placeholder: String(this.run.limits?.usd ?? "") }),
        h("p", { class: "help" }, "For the whole run. When it is reached the run pauses; nothing is lost.")),
      (budget || this.run.unpriced_calls > 0) && h("div", { class: "field" }, h("label", { for: "q-with-tokens" }, budget ? "New limit in tokens" : "Limit in tokens"),
        h("input", { id: "q-with-tokens", name: "budget_tokens", type: "number", min: 1, step: 1, placeholder: String(this.run.limits?.tokens ?? "") }),
        h("p", { class: "help" }, "What limits models whose price is not known.")),
      h("div", { class: "field" }, h("label", { for: "q-with-model" }, "Another model for everything"),
        h("input", { id: "q-with-model", name: "model", placeholder: "provider/model", autocomplete: "off", pattern: "\\S+/\\S+", oninput: (event) => this.typed(event.target.value) }),
        h("p", { class: "help" }, this.run.status === "completed" ? "Then everything is asked again of that model." : "What was answered is kept, unless “Models from the current settings” is chosen too.")));
  }
}
define("q-with", WithElement);
