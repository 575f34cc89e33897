// document.js - edits one document, as text or, where it is JSON, as a form. What is saved is a new version by a person: a run that would
// write over it leaves a proposal. An edit that is not saved survives a closed tab (in this browser); a document that changed meanwhile is
// never overwritten unseen (If-Match), the writer chooses.
import "../../parts/q-book.js";
import "../../parts/q-diff.js";
import "../../parts/q-json.js";
import "../../parts/q-notice.js";
import { get, put } from "../../core/api.js";
import { ask } from "../../core/ask.js";
import { chapterOf, names, places, wordsOf } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { drafts } from "../../core/drafts.js";
import { Element, define } from "../../core/element.js";
import { plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";
import { failed, say } from "../../core/status.js";

await Promise.all([sheet(import.meta.url, "./book.css"), sheet(import.meta.url, "../../theme/prose.css")]);

const KEEP_MS = 300;
const words = (text) => text.split(/\s+/).filter(Boolean).length;

function parsed(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { wrong: error.message };
  }
}

class DocumentScreen extends Element {
  static props = ["params", "query", "known", "error", "conflict", "mode"];
  #text = null;     // as it is edited; null: nothing is
  #timer = 0;
  #saving = false;

  connected() {
    this.load();
    addEventListener("beforeunload", (event) => this.changed && event.preventDefault(), { signal: this.life });
    this.addEventListener("keydown", (event) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.save();
    }, { signal: this.life });
  }

  get name() {
    return this.params.name;
  }
  get key() {
    return `${this.params.slug} ${this.name}`;
  }
  get json() {
    return this.name.endsWith(".json");
  }
  get text() {
    return this.#text ?? this.known?.content ?? "";
  }
  get changed() {
    return this.#text !== null && this.#text !== this.known?.content;
  }

  async load() {
    try {
      const { data, etag } = await get(names.artifact(this.params.slug, this.name), this.life);
      const draft = drafts.get(this.key);
      this.known = { ...data, etag };
      this.error = null;
      this.mode ??= this.json && !parsed(data.content ?? "").wrong ? "form" : "text";
      if (draft && draft.text !== data.content) {
        this.#text = draft.text;
        if (draft.base !== data.version) this.conflict = { version: data.version, base: draft.base };
        else say("Your edit that was not saved is back.");
      }
      this.update();
    } catch (error) {
      if (error.name !== "AbortError") this.error = error;
    }
  }

  edit(text) {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => drafts.set(this.key, this.changed ? { text, base: this.known.version } : null), KEEP_MS);
    this.update();
  }

  // ---- saving

  async save(etag = this.known.etag) {
    if (!this.changed || this.#saving || (this.json && parsed(this.text).wrong)) return;
    this.#saving = true;
    const content = this.text;
    try {
      const { data, etag: next } = await put(names.artifact(this.params.slug, this.name), { content, kind: this.known.kind }, etag);
      this.settle({ ...this.known, content, version: data.version, author: "person", etag: next ?? `"v${data.version}"` }, this.text === content);
      say(`Saved as version ${data.version}.`);
    } catch (error) {
      if (error.status === 412) await this.meet();
      else failed(error, "Not saved");
    } finally {
      this.#saving = false;
      this.update();
    }
  }

  // The newest version is `known`; nothing is unsaved unless more was typed meanwhile.
  settle(known, clean = true) {
    clearTimeout(this.#timer);
    this.known = known;
    this.conflict = null;
    if (clean) {
      this.#text = null;
      drafts.set(this.key, null);
    }
    refresh(names.project(this.params.slug));
    if (chapterOf(this.name)) refresh(names.chapters(this.params.slug));
    refresh(`${names.artifact(this.params.slug, this.name)}?html=1`);
    this.update();
  }

  // It changed meanwhile: shows what the other one wrote.
  async meet() {
    const base = this.known.version, mine = this.text;
    const { data, etag } = await get(names.artifact(this.params.slug, this.name));
    this.#text = mine;
    this.known = { ...data, etag };
    this.conflict = { version: data.version, base };
  }

  async drop() {
    if (this.changed && !(await ask({ title: "Discard this edit?", text: "The saved version is kept.", action: "Discard it", danger: true }))) return;
    this.settle(this.known);
  }

  async compare() {
    const { base, version } = this.conflict;
    try {
      const { data } = await get(`projects/${encodeURIComponent(this.params.slug)}/diff/${this.name}?from=${base}&to=${version}`);
      this.conflict = { ...this.conflict, parts: data };
    } catch (error) {
      failed(error, "The two versions cannot be compared");
    }
  }

  // ---- the page

  conflictNotice() {
    const { version, parts } = this.conflict, by = this.known.author === "person" ? "by hand" : `by run ${this.known.run}`;
    return h("div", { class: "notice ask", role: "alert" }, h("h3", null, "It changed while you were editing"),
      h("p", null, `Version ${version} was saved ${by}. Your edit is not lost and not saved: choose which of the two to keep.`),
      h("div", { class: "row" },
        h("button", { type: "button", onclick: () => this.compare() }, "Show what changed there"),
        h("button", { type: "button", onclick: () => this.save(this.known.etag) }, "Save mine as the newest"),
        h("button", { type: "button", onclick: () => this.drop() }, "Take the other one")),
      parts && h("q-diff", { parts, mode: "inline" }));
  }

  switch() {
    const broken = parsed(this.text).wrong;
    return h("div", { class: "segments", role: "group", "aria-label": "How it is edited" }, [["form", "Form"], ["text", "Text"]].map(([mode, word]) =>
      h("button", { type: "button", class: "bare", "aria-pressed": String(this.mode === mode), disabled: mode === "form" && Boolean(broken), onclick: () => { this.mode = mode; } }, word)));
  }

  editor() {
    const wrong = this.json && parsed(this.text).wrong, code = this.json;
    if (this.mode === "form" && !wrong)
      return h("q-json", { key: "form", value: parsed(this.text).value, onedit: (value) => this.edit(`${JSON.stringify(value, null, 2)}\n`) });
    return h("div", { class: "field wide", key: "text" }, h("label", { for: "text" }, code ? "JSON" : "Text, in Markdown"),
      wrong && h("p", { class: "wrong", id: "text-wrong" }, `This is not JSON yet: ${wrong}`),
      h("textarea", { id: "text", class: code ? "code" : "writing", value: this.text, spellcheck: code ? "false" : "true", "aria-invalid": wrong ? "true" : null, "aria-describedby": wrong ? "text-wrong" : null,
        oninput: (event) => this.edit(event.target.value) }));
  }

  bar() {
    const { slug } = this.params, number = chapterOf(this.name);
    return h("div", { class: "edit-bar" },
      h("button", { type: "button", class: "primary", disabled: !this.changed || Boolean(this.json && parsed(this.text).wrong), onclick: () => this.save() }, "Save"),
      this.changed && h("button", { type: "button", class: "bare", onclick: () => this.drop() }, "Discard"),
      h("span", { class: "quiet", role: "status" }, this.changed ? "Not saved yet; kept in this browser." : `Version ${this.known.version}, ${this.known.author === "person" ? "by you" : `by run ${this.known.run}`}`),
      h("span", { class: "quiet spring" }, this.json ? "" : plural(words(this.text), "word")),
      number > 0 && h("a", { class: "button bare", href: places.chapter(slug, number) }, "Read"),
      h("a", { class: "button bare", href: places.versions(slug, this.name) }, "Versions"));
  }

  render() {
    const { slug } = this.params;
    title(`${this.changed ? "• " : ""}${wordsOf(this.name)}`);
    return [
      h("q-book", { slug, tab: "documents" }),
      h("div", { class: "section-head" }, h("h2", null, wordsOf(this.name)), this.known && this.json && this.switch()),
      this.error && h("q-notice", { error: this.error, what: "The document cannot be opened", again: () => this.load() }),
      this.known && (this.known.content === null
        ? h("p", null, "This is not text. ", h("a", { href: places.file(slug, this.name), download: "" }, "Download it"), " instead.")
        : [this.conflict && this.conflictNotice(), this.bar(), this.editor()]),
    ];
  }
}
define("screen-document", DocumentScreen);
