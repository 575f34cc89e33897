// script.js - one script: read it, change it, check it, save it into the library, try it for nothing, go back to the shipped one. What would
// not run is not saved. Runs under way keep the scripts they began with.
import "../../parts/q-code.js";
import "../../parts/q-notice.js";
import { del, get, path, post, put } from "../../core/api.js";
import { ask } from "../../core/ask.js";
import { h } from "../../core/dom.js";
import { drafts } from "../../core/drafts.js";
import { Element, define } from "../../core/element.js";
import { plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";
import { failed, say } from "../../core/status.js";
import { originOf } from "./scripts.js";

await sheet(import.meta.url, "./scripts.css");

const KEEP_MS = 300;
const TYPED_MS = 60; // CodeMirror tells of the last letter a moment after it was typed

const starter = (name) => `-- ${name}: what this pipeline makes, in one line.
-- What a script may call stands in scripts/api.lua.
return {
  title = "${name}",
  description = "One line for lists.",
  input = {
    { name = "topic", type = "string", required = true, help = "What to write about" },
    { name = "words", type = "integer", default = 400, min = 50, max = 5000, help = "How long it should be" },
  },
  run = function(input)
    run.phase("Writing")
    -- Each answer is durable before the script sees it: after a crash nothing is asked or paid twice.
    local answer = llm.ask { role = "writer", prompt = "Write about " .. input.topic, max_words = input.words }
    artifact.put("text.md", answer.text)
    return { words = text.words(answer.text), file = "text.md" }
  end,
}
`;

class ScriptScreen extends Element {
  static props = ["params", "query", "known", "error", "checked", "trial", "busy"];
  #text = null;
  #timer = 0;

  connected() {
    title(this.name);
    this.load();
    addEventListener("beforeunload", (event) => this.changed && event.preventDefault(), { signal: this.life });
    this.addEventListener("keydown", (event) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setTimeout(() => this.save(), TYPED_MS);
    }, { signal: this.life });
  }

  get name() {
    return this.params.name;
  }
  get text() {
    return this.#text ?? this.known?.source ?? "";
  }
  get changed() {
    return this.#text !== null && this.#text !== this.known?.source;
  }
  get mine() {
    return this.known?.origin === "library";
  }

  async load() {
    const draft = drafts.get(this.name);
    try {
      const { data: all } = await get("scripts", this.life);
      // A name that nobody has is a new pipeline: nothing is there until it is saved.
      const fresh = this.name.startsWith("pipelines/") && !all.some((script) => script.name === this.name);
      const { data, etag } = fresh ? { data: { name: this.name, kind: "pipeline", source: "", origin: null, original: null, fresh }, etag: null } : await get(`scripts/${path(this.name)}`, this.life);
      this.known = { ...data, etag };
      this.error = null;
      if (fresh) this.#text = starter(this.name.slice("pipelines/".length));
    } catch (error) {
      if (error.name !== "AbortError") this.error = error;
      return;
    }
    if (draft && draft.text !== this.known.source) {
      this.#text = draft.text;
      say("Your change that was not saved is back.");
    }
    this.update();
  }

  edit(text) {
    this.#text = text;
    this.checked = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => drafts.set(this.name, this.changed ? { text, base: this.known.sha ?? "" } : null), KEEP_MS);
    this.update();
  }

  settle(known) {
    clearTimeout(this.#timer);
    this.#text = null;
    this.known = known;
    drafts.set(this.name, null);
    refresh("scripts");
    this.update();
  }

  // ---- acts

  async check() {
    try {
      let data, source;
      do { // what was typed meanwhile is judged too: an answer stands for the text that is shown
        source = this.text;
        ({ data } = await post("scripts/check", { name: this.name, source }));
      } while (source !== this.text);
      this.checked = data;
    } catch (error) {
      failed(error, "Not checked");
    }
  }

  async save() {
    if (!this.changed || this.busy) return;
    this.busy = "Saving…";
    const text = this.text;
    try {
      const { data, etag } = await put(`scripts/${path(this.name)}`, { source: text }, this.known.etag);
      const saved = { ...this.known, ...data, etag, fresh: false };
      if (this.text === text) {
        this.settle(saved);
        this.checked = { ok: true, errors: [] };
      } else { // what was typed meanwhile stays, not saved yet
        this.known = saved;
        refresh("scripts");
        this.edit(this.text);
      }
      say("Saved. It is used from the next run on.");
    } catch (error) {
      if (error.status === 422) this.checked = { ok: false, errors: error.details?.errors ?? [] };
      else if (error.status === 412) await this.meet(error);
      else failed(error, "Not saved");
    } finally {
      this.busy = null;
    }
  }

  async meet(error) {
    const mine = await ask({ title: "It changed while you were editing", text: "Somebody saved another text of this script. Yours is not lost: write it over the other one, or continue editing and look first.",
      action: "Save mine over it", cancel: "Look first", danger: true });
    this.known = { ...this.known, ...error.current, etag: `"${error.current.sha}"` };
    if (mine) setTimeout(() => this.save());
  }

  async revert() {
    if (this.known.original === null && !(await ask({ title: "Delete this script?", text: "There is no built-in script of this name. Books that were written with it are kept.", action: "Delete it", danger: true }))) return;
    if (this.known.original !== null && !(await ask({ title: "Go back to the built-in script?", text: "Your file is deleted from the library.", action: "Go back", danger: true }))) return;
    try {
      const { data, etag } = await del(`scripts/${path(this.name)}`, this.known.etag);
      this.checked = this.trial = null;
      if (data.source === null) location.assign(new URL("scripts", document.baseURI));
      else this.settle({ ...this.known, original: null, ...data, etag });
      say("The built-in script is active again.");
    } catch (error) {
      if (error.status === 412) this.known = { ...this.known, ...error.current, etag: `"${error.current.sha}"` }; // look, and ask again
      failed(error, "Nothing was changed");
    }
  }

  async dryRun() {
    this.busy = "Rehearsing: the pipeline runs twice, without a key and at no cost.";
    this.trial = null;
    try {
      const { data } = await post("scripts/dry-run", { pipeline: this.name.slice("pipelines/".length) });
      this.trial = data;
    } catch (error) {
      this.trial = { ok: false, checks: [{ ok: false, name: error.message, message: error.hint }] };
    } finally {
      this.busy = null;
    }
  }

  // ---- the page

  findings() {
    if (!this.checked) return null;
    if (this.checked.ok) return h("p", { class: "notice", role: "status" }, "It would run: every pipeline can be read with it.");
    return h("div", { class: "notice bad", role: "alert" }, h("h3", null, "It would not run, so it is not saved"),
      h("ul", null, this.checked.errors.map((e) => h("li", null,
        e.line && this.own(e) ? h("button", { type: "button", class: "link", onclick: () => this.querySelector("q-code").show(e.line) }, `Line ${e.line}`) : e.file,
        `: ${e.message}`, e.hint && h("span", { class: "quiet" }, ` ${e.hint}`)))));
  }

  // Is the error in this file?
  own(error) {
    return error.file.replace(/^scripts\//, "").replace(/\.lua$/, "") === this.name;
  }

  rehearsal() {
    if (!this.trial) return null;
    return h("div", { class: ["notice", this.trial.ok ? "" : "bad"], role: "status" }, h("h3", null, this.trial.ok ? "The rehearsal went well" : "The rehearsal found something"),
      h("ul", { class: "plain" }, this.trial.checks.map((c) => h("li", null, h("span", { class: ["state", c.ok ? "completed" : "failed"] }, c.ok ? "Good" : "Not good"), ` ${c.name}`, c.message && `: ${c.message}`))));
  }

  bar() {
    const pipeline = this.name.startsWith("pipelines/");
    return h("div", { class: "edit-bar" },
      h("button", { type: "button", class: "primary", disabled: !this.changed || Boolean(this.busy), onclick: () => this.save() }, this.mine || this.known.fresh ? "Save" : "Save into my library"),
      h("button", { type: "button", onclick: () => this.check() }, "Check"),
      pipeline && !this.known.fresh && h("button", { type: "button", disabled: this.changed || Boolean(this.busy), title: this.changed ? "Save it first" : null, onclick: () => this.dryRun() }, "Rehearse it"),
      this.mine && h("button", { type: "button", class: "bare", onclick: () => this.revert() }, this.known.original === null ? "Delete" : "Go back to the built-in one"),
      this.changed && !this.known.fresh && h("button", { type: "button", class: "bare", onclick: () => this.settle(this.known) }, "Discard"),
      h("span", { class: "quiet spring", role: "status" }, this.busy ?? (this.changed ? "Not saved yet; kept in this browser." : "")));
  }

  original() {
    if (this.known.original === null) return null;
    return h("details", { class: "group-of" }, h("summary", null, h("h2", null, `The version it overrides, ${originOf[this.known.original_origin]}`)),
      h("pre", { class: "source", tabindex: "0", role: "region", "aria-label": "The script it overrides" }, this.known.original));
  }

  render() {
    const known = this.known;
    return [
      h("div", { class: "screen-head" }, h("p", { class: "crumb" }, h("a", { href: "scripts" }, "Scripts")), h("h1", null, this.name),
        known && h("p", { class: "quiet" }, known.fresh ? "New: nothing is saved yet." : `${plural(this.text.split("\n").length, "line")}, ${originOf[known.origin] ?? known.origin}${known.original === null ? "" : `, overrides the one ${originOf[known.original_origin]}`}.`)),
      this.error && h("q-notice", { error: this.error, what: "The script cannot be opened", again: () => this.load() }),
      known && [this.bar(), this.findings(), this.rehearsal(),
        h("q-code", { key: "code", label: `Text of ${this.name}`, value: this.text, marks: this.checked?.errors.filter((e) => this.own(e)) ?? [], onedit: (text) => this.edit(text) }),
        this.original()],
    ];
  }
}
define("screen-script", ScriptScreen);
