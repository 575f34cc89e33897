// new.js - begins a book or a series. The form is what the pipeline declares; it is kept as a draft while it is filled in.
import { post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { Draft } from "../../core/draft.js";
import { Element, define } from "../../core/element.js";
import { money, number, plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { go, query, title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";
import "../../parts/q-fields.js";
import "../../parts/q-forecast.js";
import "../../parts/q-notice.js";
import "../../parts/q-upload.js";

await sheet(import.meta.url, "./new.css");

const FIRST = ["generate_book", "generate_series"];
const AT_LIMIT = [
  ["pause", "Pause and ask me", "The run waits until you raise the limit."],
  ["cheaper", "Use a cheaper model", "What does not fit goes to the role's next model, if it has one; then it pauses."],
  ["skip", "Skip what it can do without", "Audits, revisions and other second looks are left out in time, so that the book is finished. What was skipped is listed."],
];

class NewScreen extends Element {
  static props = ["params", "query", "form", "wrong", "error", "starting", "kept", "unpriced"];

  connected() {
    title("Begin a book");
    this.form = null;
    this.key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // the same form sent twice is one run
  }

  get pipeline() {
    return this.query.get("pipeline") ?? FIRST[0];
  }

  // The draft of this pipeline's form, or an empty one.
  async open(name) {
    if (this.opened === name) return;
    this.opened = name;
    this.form = null;
    this.draft = new Draft(`new-${name}`, (words) => { this.kept = words; });
    const kept = await this.draft.read();
    if (this.opened !== name) return;
    this.kept = kept ? "Your draft is here again." : "";
    this.form = { input: {}, gives: [], model: "settings", ...kept };
  }

  edit(changes) {
    this.form = { ...this.form, ...changes };
    this.draft.keep(this.form);
  }

  // Nothing is reckoned while a field that must be filled in is empty.
  reckoned(fields) {
    const { key, ...body } = this.request();
    return fields.every(({ name, required }) => !required || String(body.input[name] ?? "").trim()) ? body : null;
  }

  request() {
    const { input, gives, model, other, budget_usd, budget_tokens, at_budget, until } = this.form;
    const body = { pipeline: this.pipeline, input, key: `web-${this.key}` };
    if (gives.length) body.gives = gives;
    if (model === "rehearsal") body.models = { "": ["rehearsal/novelist"] };
    if (model === "other" && other) body.models = { "": [other.trim()] };
    if (budget_usd) body.budget_usd = Number(budget_usd);
    if (budget_tokens) body.budget_tokens = Number(budget_tokens);
    if (at_budget) body.at_budget = at_budget;
    if (until) body.until = until;
    return body;
  }

  // The host names the field in its message; the message then stands at the field.
  place(error, fields) {
    const field = fields.find(({ name }) => new RegExp(`\\b${name}\\b`).test(error.message));
    this.error = error;
    this.wrong = field ? { [field.name]: error.message } : null;
    requestAnimationFrame(() => (field ? this.querySelector(`[name="${field.name}"]`) : this.querySelector(".notice"))?.focus());
  }

  async start(event, fields) {
    event.preventDefault();
    if (this.starting) return;
    this.starting = true;
    this.error = this.wrong = null;
    try {
      const body = this.request(), { key, ...asked } = body;
      if (this.forecast && this.forecast.of === JSON.stringify(asked)) body.forecast = this.forecast.told;
      const { data } = await post("runs", body);
      await this.draft.drop();
      go(`runs/${data.run}`);
    } catch (error) {
      this.place(error, fields);
    } finally {
      this.starting = false;
    }
  }

  kinds(pipelines) {
    const first = pipelines.filter((p) => FIRST.includes(p.name)), others = pipelines.filter((p) => !FIRST.includes(p.name));
    const link = (p) => h("a", { href: `new?pipeline=${encodeURIComponent(p.name)}`, "aria-current": p.name === this.pipeline && "page" }, p.title || p.name);
    return h("nav", { class: "tabs", "aria-label": "What is written" }, first.map(link),
      others.length > 0 && h("select", { class: "others", "aria-label": "Other pipelines", value: FIRST.includes(this.pipeline) ? "" : this.pipeline, onchange: (event) => event.target.value && query({ pipeline: event.target.value }) },
        h("option", { value: "" }, "Something else"), others.map((p) => h("option", { value: p.name }, p.title || p.name))));
  }

  models() {
    const { model, other } = this.form;
    const choice = (value, words, help) => h("label", { class: "check" }, h("input", { type: "radio", name: "model", value, checked: model === value, onchange: () => this.edit({ model: value }) }), h("span", null, words, h("span", { class: "help" }, help)));
    return h("fieldset", null, h("legend", null, "Written by"),
      choice("settings", "The models of your settings", "The models from quire.lua or the settings page."),
      choice("rehearsal", "The rehearsal model", "Built in, free, seconds. It shows the work, not literature."),
      choice("other", "Another model", "For this run only."),
      model === "other" && h("input", { "aria-label": "Provider and model", placeholder: "provider/model", value: other ?? "", required: true, pattern: "\\S+/\\S+", oninput: (event) => this.edit({ other: event.target.value }) }));
  }

  // What the settings say, and what this form says over it. A model whose price nobody knows is limited by its tokens.
  most(settings) {
    const of = (name) => settings?.find((row) => row.name === `limits.run_${name}`)?.value ?? 0;
    const { budget_usd, budget_tokens, model } = this.form, usd = budget_usd ? Number(budget_usd) : of("usd");
    const calls = plural(of("calls"), "call"), count = budget_tokens ? Number(budget_tokens) : of("tokens"), tokens = count > 0 ? `, ${plural(count, "token")}` : "";
    if (model === "rehearsal") return "Nothing: the rehearsal model is free.";
    const most = this.unpriced?.length ? `The price of ${this.unpriced.join(", ")} is unknown, so a limit in money does not hold there. At most ${calls}${tokens}.` : `At most ${money(usd)}, ${calls}${tokens}.`;
    return `${most} Nothing is lost at a limit, and you may raise it.`;
  }

  limit(name, words, placeholder, step) {
    return h("div", { class: "field", key: name }, h("label", { for: name }, words), h("input", { id: name, name, type: "number", min: step === 1 ? 1 : 0, step, placeholder, value: this.form[name] ?? "", oninput: (event) => this.edit({ [name]: event.target.value }) }));
  }

  atLimit(settings) {
    const usual = settings.find((row) => row.name === "limits.at_budget")?.value ?? "pause", value = this.form.at_budget ?? usual;
    return h("div", { class: "field" }, h("label", { for: "at_budget" }, "At the limit"),
      h("select", { id: "at_budget", value, onchange: (event) => this.edit({ at_budget: event.target.value }) }, AT_LIMIT.map(([word, label]) => h("option", { value: word }, label))),
      h("p", { class: "help" }, AT_LIMIT.find(([word]) => word === value)?.[2]));
  }

  told(told, request) {
    this.forecast = told && { told, of: JSON.stringify(request) };
    if (told) this.unpriced = told.unpriced ?? []; // a forecast that failed says nothing of prices: what was known stands
  }

  limits(fields) {
    const settings = this.use("settings").data?.settings, of = (name) => settings?.find((row) => row.name === `limits.run_${name}`)?.value;
    return h("section", { class: "sheet limits" },
      h("h2", null, "What it may cost"),
      settings && h("p", null, this.most(settings)),
      h("q-forecast", { request: this.reckoned(fields), ontold: (told, request) => this.told(told, request) }),
      this.limit("budget_usd", "Limit in USD", String(of("usd") ?? ""), "any"),
      (this.unpriced?.length > 0 || this.form.budget_tokens) && this.limit("budget_tokens", "Limit in tokens", of("tokens") ? number(of("tokens")) : "none", 1),
      settings && this.form.model !== "rehearsal" && this.atLimit(settings));
  }

  gives() {
    const { gives } = this.form;
    return this.pipeline === "generate_book" && h("section", { class: "stack" }, h("h2", null, "Start from your own"),
      h("q-upload", { label: "A brief from a file", kind: "brief", ontext: (text) => this.edit({ input: { ...this.form.input, brief: text } }) }),
      h("q-upload", { label: "Your outline", kind: "outline", ontext: (content, name) => this.edit({ gives: [{ name: "blueprint", kind: name.endsWith(".json") ? "json" : "markdown", content }] }) }),
      gives.map((given) => h("p", { class: "row" }, `Your outline (${plural(given.content.split(/\s+/).length, "word")}) is kept word for word; the plan fills its gaps.`,
        h("button", { type: "button", class: "bare", onclick: () => this.edit({ gives: [] }) }, "Leave it out"))));
  }

  until() {
    return this.pipeline === "generate_book" && h("div", { class: "field" }, h("label", { for: "until" }, "Pause after"),
      h("select", { id: "until", value: this.form.until ?? "", onchange: (event) => this.edit({ until: event.target.value }) },
        [["", "Nothing: write the whole book"], ["blueprint", "The blueprint"], ["structure-events", "The structure"], ["chapter-planning", "The chapter plans"], ["chapter:1", "The first chapter"]].map(([value, word]) => h("option", { value }, word))),
      h("p", { class: "help" }, "The run pauses there so you can read and edit; then resume it."));
  }

  render() {
    const { data, error } = this.use("pipelines"), pipeline = data?.find((p) => p.name === this.pipeline);
    if (!data) return [h("h1", null, "Begin a book"), h("q-notice", { error, what: "The form cannot be shown", again: () => refresh("pipelines") })];
    if (pipeline) this.open(pipeline.name);
    return [
      h("header", { class: "screen-head" }, h("h1", null, "What should the book be about?"), pipeline && h("p", { class: "lead" }, pipeline.description)),
      this.kinds(data),
      !pipeline && h("p", null, `There is no pipeline “${this.pipeline}”. `, h("a", { href: "new" }, "Begin a book"), "."),
      pipeline && this.form && h("form", { class: "new-columns", key: pipeline.name, novalidate: true, onsubmit: (event) => this.start(event, pipeline.input) },
        h("div", { class: "stack" },
          this.error && h("div", { class: "notice bad", role: "alert", tabindex: -1 }, h("h3", null, "It was not started"), h("p", null, this.error.message), this.error.hint && h("p", null, this.error.hint)),
          h("q-fields", { fields: pipeline.input, value: this.form.input, wrong: this.wrong, onedit: (input) => this.edit({ input }) }), this.gives()),
        h("aside", { class: "stack", "aria-label": "How it is written" }, this.models(), this.limits(pipeline.input), this.until(),
          h("div", { class: "begin" }, h("button", { class: "primary", disabled: this.starting }, this.starting ? "Beginning…" : "Begin"), h("p", { class: "quiet", role: "status" }, this.kept)))),
    ];
  }
}
define("screen-new", NewScreen);
