// q-forecast - what a run would take, told while its form is filled in: .request is the body of POST /api/runs. It asks a moment after the last
// change; a newer question ends an older one, here and in the host. The answer goes to .ontold(forecast, request).
import { post } from "../core/api.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { duration, money, number } from "../core/format.js";

const SOON_MS = 900;

const span = (range, word) => `${word(range.likely)} (${word(range.low)} to ${word(range.high)})`;
const seconds = (s) => duration(s * 1000);

class ForecastElement extends Element {
  static props = ["request", "told", "trouble", "asking"];

  connected() {
    this.form = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.soon);
  }

  drawn() {
    const words = JSON.stringify(this.request ?? null);
    if (words === this.words) return;
    this.words = words;
    clearTimeout(this.soon);
    if (!this.request) [this.told, this.trouble, this.asking] = [null, "", false];
    if (!this.request) return;
    this.soon = setTimeout(() => this.ask(this.request, words), SOON_MS);
  }

  async ask(request, words) {
    this.older?.abort();
    this.older = new AbortController();
    this.asking = true;
    let told = null, trouble = "";
    try {
      told = (await post("forecast", { ...request, form: this.form }, undefined, AbortSignal.any([this.life, this.older.signal]))).data;
    } catch (error) {
      trouble = error.message;
    }
    if (this.words !== words || this.life.aborted) return; // a newer one is on its way
    [this.told, this.trouble, this.asking] = [told, trouble, false];
    this.ontold?.(told, request);
  }

  models() {
    return h("ul", null, this.told.models.map((m) => h("li", { key: m.model }, `${m.roles.join(", ")}: `, h("strong", null, m.model),
      m.rehearsal ? " (rehearsal, free)" : !m.priced ? " (price unknown: it is in no sum)" : ` ${money(m.cost_usd.likely)}`)));
  }

  render() {
    const { told } = this;
    if (this.asking && !told) return h("p", { class: "quiet", role: "status" }, "Reckoning what it will take…");
    if (!told) return this.trouble && h("p", { class: "quiet", role: "status" }, `What it will take is not known yet: ${this.trouble}`);
    const over = told.cost_usd && told.cost_usd.high > told.limit_usd;
    return h("div", { class: "stack", role: "status", "aria-busy": this.asking ? "true" : null },
      told.rehearsal ? h("p", null, h("strong", null, "A rehearsal."), " It costs nothing; it shows the work, not literature.")
        : h("p", null, "Expected: ", h("strong", null, told.cost_usd ? span(told.cost_usd, money) : "unknown money"), `, ${span(told.calls, number)} calls, ${span(told.seconds, seconds)}.`),
      over && h("p", null, `The limit of ${money(told.limit_usd)} ${told.cost_usd.likely > told.limit_usd ? "will probably" : "may"} pause it.`),
      this.models(),
      !told.rehearsal && h("details", null, h("summary", null, "By phase"), h("ul", null, told.phases.map((p) =>
        h("li", { key: p.name }, `${p.name}: ${p.cost_usd ? span(p.cost_usd, money) : `${number(p.tokens_in.likely)} tokens in, ${number(p.tokens_out.likely)} out`}`)))));
  }
}
define("q-forecast", ForecastElement);
