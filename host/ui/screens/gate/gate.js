// gate.js - a question to a person: the text under review, to read, to edit as a form or as text, what the edits change, and the decision.
// The decision is for exactly the text that is shown; when the question is another one meanwhile, the host refuses it and says so.
import { post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { Draft } from "../../core/draft.js";
import { Element, define } from "../../core/element.js";
import { ago, date } from "../../core/format.js";
import { ordered } from "../../core/order.js";
import { refresh, refreshSoon } from "../../core/resource.js";
import { go, title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";
import { say } from "../../core/status.js";
import { stream } from "../../core/stream.js";
import { valueDiff, wordDiff } from "../../core/worddiff.js";
import "../../parts/q-diff.js";
import "../../parts/q-json.js";
import "../../parts/q-notice.js";
import { heading } from "../../parts/q-reading.js";

await Promise.all([sheet(import.meta.url, "../book/book.css"), sheet(import.meta.url, "./gate.css")]);

const VERBS = { approve: "Approve", reject: "Reject", edit: "Take my version", redo: "Ask for another one", again: "Write another one" };
const takesEdits = (choice) => !["reject", "again", "give up"].includes(choice);
const verb = (choice) => VERBS[choice] ?? heading(choice);

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

class GateScreen extends Element {
  static props = ["params", "query", "mode", "edited", "wrong", "error", "sending", "kept", "note"];

  get name() {
    return `gates/${this.params.id}`;
  }

  connected() {
    title("A question");
    this.mode = "read";
    this.draft = new Draft(`gate-${this.params.id}`, (words) => { this.kept = words; });
    this.draft.read().then((kept) => { this.early = kept; this.update(); });
    stream.on("gate", ({ gate }) => gate === Number(this.params.id) && refreshSoon(this.name), this.life);
  }

  // What is under review, once: as it was shown, and as it is now.
  open(gate) {
    if (this.sha === gate.show_sha) return;
    this.sha = gate.show_sha;
    this.shown = ordered(parsed(gate.show)) ?? gate.show;
    this.edited = this.shown;
    this.raw = null;
    title(gate.title);
  }

  get structured() {
    return typeof this.shown !== "string";
  }

  get changed() {
    return this.raw !== null || JSON.stringify(this.edited) !== JSON.stringify(this.shown);
  }

  // An edit that was begun on another day, of the same text.
  takeUp() {
    if (this.early?.sha !== this.sha) return;
    this.edited = this.early.edited;
    this.kept = "Your edits are here again.";
    this.early = null;
  }

  edit(value) {
    this.edited = value;
    this.raw = null;
    this.wrong = "";
    this.draft.keep({ sha: this.sha, edited: value });
  }

  // Text of a structured document: kept as it is typed until it is JSON again.
  type(text) {
    if (!this.structured) return this.edit(text);
    const value = parsed(text);
    if (value) return this.edit(value);
    this.raw = text;
    try {
      JSON.parse(text);
      this.wrong = "It has to stay a JSON object.";
    } catch (error) {
      this.wrong = `This is not JSON yet: ${error.message}.`;
    }
    return this.update();
  }

  async decide(choice, gate) {
    if (this.sending || this.raw !== null) return;
    this.sending = choice;
    this.error = null;
    try {
      const body = { choice, show_sha: gate.show_sha };
      if (choice === "again" && this.note?.trim()) body.note = this.note.trim();
      else if (this.changed && takesEdits(choice)) body.edits = this.edited;
      await post(this.name, body);
      await this.draft.drop();
      say(`${verb(choice)}: the run continues.`);
      go(`runs/${gate.run}`);
    } catch (error) {
      this.error = error;
      if (error.status === 409 || error.status === 412) refresh(this.name);
    } finally {
      this.sending = "";
    }
  }

  // ---- what it looks like

  modes() {
    const names = [["read", "Read"], this.structured && ["form", "Edit as a form"], ["text", this.structured ? "Edit as text" : "Edit"], ["diff", "Your changes"]].filter(Boolean);
    return h("div", { class: "segments modes", role: "radiogroup", "aria-label": "How it is shown" }, names.map(([name, word]) =>
      h("label", null, h("input", { type: "radio", name: "mode", value: name, checked: this.mode === name, onchange: () => { this.mode = name; } }), word)));
  }

  changes() {
    if (!this.changed) return h("p", { class: "quiet" }, "You made no changes.");
    if (!this.structured) return h("q-diff", { parts: wordDiff(this.shown, this.edited), mode: "inline", old: "As it was shown to you", young: "Your version" });
    const words = (value) => (value === undefined ? "" : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value));
    return h("div", { class: "stack" }, valueDiff(this.shown, this.edited).map(({ at, before, after }) => h("section", { key: at.join("/") },
      h("h3", null, at.map(heading).join(", ")),
      h("q-diff", { parts: wordDiff(words(before), words(after)), mode: "inline", old: "As it was shown to you", young: "Your version" }))));
  }

  body() {
    switch (this.mode) {
      case "form": return h("q-json", { value: this.edited, onedit: (value) => this.edit(value) });
      case "text": return h("div", { class: "field whole" }, h("label", { for: "gate-text" }, this.structured ? "The text, as JSON" : "The text"),
        h("textarea", { id: "gate-text", class: this.structured && "code", value: this.raw ?? (this.structured ? JSON.stringify(this.edited, null, 2) : this.edited), "aria-invalid": this.wrong ? "true" : null, "aria-describedby": "gate-wrong", oninput: (event) => this.type(event.target.value) }),
        h("p", { id: "gate-wrong", class: "wrong", role: "status" }, this.wrong));
      case "diff": return this.changes();
      default: return h("q-reading", { value: this.edited });
    }
  }

  decision(gate) {
    const { choices } = gate;
    return h("div", { class: "decision no-print" },
      choices.includes("again") && h("div", { class: "field" }, h("label", { for: "gate-note" }, "If you want another version: what should change?"),
        h("textarea", { id: "gate-note", rows: 2, value: this.note ?? "", oninput: (event) => { this.note = event.target.value; } })),
      h("div", { class: "row" }, choices.map((choice, i) => h("button", {
        type: "button", class: i === 0 ? "primary" : "", disabled: Boolean(this.sending) || this.raw !== null, onclick: () => this.decide(choice, gate),
      }, this.changed && takesEdits(choice) ? `${verb(choice)} with my edits` : verb(choice)))),
      h("p", { class: "quiet", role: "status" }, this.raw !== null ? "Mend the text before you decide." : this.kept ?? ""));
  }

  decided(gate) {
    const edits = gate.edits && (parsed(gate.edits) ?? gate.edits);
    return h("div", { class: "stack" },
      h("div", { class: "notice" }, h("h3", null, gate.status === "decided" ? `Decided: ${verb(gate.decision)}` : `This question is ${gate.status}`),
        h("p", null, gate.by ? `By ${gate.by === "person" ? "a person" : gate.by}` : "", gate.decided_ms ? `, ${date(gate.decided_ms)}` : "", ". ", h("a", { href: `runs/${gate.run}` }, "The run"), " went on.")),
      edits && h("section", null, h("h2", null, "With these changes"), this.given(gate, edits)),
      h("q-reading", { value: this.shown }));
  }

  given(gate, edits) {
    const before = this.structured ? valueDiff(this.shown, edits) : null, words = (value) => (typeof value === "object" ? JSON.stringify(value, null, 2) : String(value ?? ""));
    if (!before) return h("q-diff", { parts: wordDiff(this.shown, words(edits)), mode: "inline" });
    return before.map(({ at, before: old, after }) => h("div", { key: at.join("/") }, h("h3", null, at.map(heading).join(", ")), h("q-diff", { parts: wordDiff(words(old), words(after)), mode: "inline" })));
  }

  render() {
    const { data: gate, error } = this.use(this.name);
    if (!gate) return [h("h1", { class: !error && "visually-hidden" }, "A question"), h("q-notice", { error, what: "The question cannot be shown", again: () => refresh(this.name) })];
    this.open(gate);
    this.takeUp();
    const open = gate.status === "open", editable = gate.choices.some(takesEdits);
    return [
      h("header", { class: "screen-head" },
        h("p", { class: "crumb" }, h("a", { href: `runs/${gate.run}` }, gate.project_title || `Run ${gate.run}`), " / a question"),
        h("h1", null, gate.title),
        open && h("p", { class: "lead" }, `Asked ${ago(gate.created_ms)}. The run is paused until you decide${gate.expires_ms ? `, or until ${date(gate.expires_ms)}` : ""}.${editable ? " You may change anything first." : ""}`)),
      this.error && h("q-notice", { error: this.error, what: "Your decision was not accepted" }),
      open ? [editable && this.modes(), h("div", { class: ["review", this.mode], key: this.mode }, this.body()), this.decision(gate)] : this.decided(gate),
    ];
  }
}
define("screen-gate", GateScreen);
