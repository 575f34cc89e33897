// versions.js - what a document was: all versions and proposals, any two word by word, and the way back. Nothing is ever written over:
// a restored version is a new one.
import "../../parts/q-book.js";
import "../../parts/q-diff.js";
import "../../parts/q-notice.js";
import { get, path, post } from "../../core/api.js";
import { chapterOf, names, places, wordsOf } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, bytes, date } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { query, title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";
import { failed, say } from "../../core/status.js";

await Promise.all([sheet(import.meta.url, "./book.css"), sheet(import.meta.url, "../../theme/prose.css")]);

const wordOf = (version) => `${version.state === "proposal" ? "Proposal" : "Version"} ${version.version}`;
const byOf = (version) => (version.author === "person" ? "you" : `run ${version.run}`);

class VersionsScreen extends Element {
  static props = ["params", "query", "side"];

  connected() {
    this.side = matchMedia("(min-width: 60rem)").matches;
    refresh(names.history(this.params.slug, this.params.name));
  }

  list() {
    return this.use(names.history(this.params.slug, this.params.name)).data ?? [];
  }

  // The head; a proposal counts while it is newer.
  head(list) {
    return list.findLast((v) => v.state === "version");
  }

  // What the address says, else the open proposal against the head, else the head against the one before it.
  pair(list) {
    const head = this.head(list), open = list.findLast((v) => v.state === "proposal" && v.version > (head?.version ?? 0));
    const before = list.findLast((v) => v.state === "version" && v !== head);
    const from = Number(this.query.get("from")) || (open ? head?.version : before?.version), to = Number(this.query.get("to")) || (open ?? head)?.version;
    return { from: list.find((v) => v.version === from), to: list.find((v) => v.version === to) };
  }

  // ---- acts

  async act(what, version, done) {
    const { slug, name } = this.params, head = this.head(this.list());
    try {
      await post(`projects/${path(slug)}/${what}/${path(name)}`, { version }, `"v${head.version}"`);
      say(done);
      query({ from: null, to: null }, { replace: true });
    } catch (error) {
      failed(error, "Nothing was changed");
    }
    for (const resource of [names.history(slug, name), names.project(slug), chapterOf(name) ? names.chapters(slug) : "", `${names.artifact(slug, name)}?html=1`])
      if (resource) refresh(resource);
  }

  // ---- the page

  proposal(open, head) {
    return h("div", { class: "notice ask" }, h("h3", null, `Run ${open.run} proposes another text`),
      h("p", null, `It would have written over version ${head.version}, which is yours. Yours is kept unless you accept the proposal.`),
      h("div", { class: "row" },
        h("button", { type: "button", class: "primary", onclick: () => this.act("accept", open.version, "The proposal is the text now. Yours stays among the versions.") }, "Take the proposal"),
        h("button", { type: "button", onclick: () => this.act("restore", head.version, "Yours stays. The proposal remains among the versions.") }, "Keep mine")));
  }

  choice(list, label, name, value) {
    return h("label", { class: "row" }, label, h("select", { value: String(value?.version ?? ""), onchange: (event) => query({ [name]: event.target.value }, { replace: true }) },
      list.toReversed().map((v) => h("option", { value: String(v.version) }, `${wordOf(v)}, ${byOf(v)}`))));
  }

  difference(list, pair) {
    const { slug, name } = this.params;
    if (!pair.from || !pair.to) return h("p", { class: "quiet" }, "There is only this version: nothing to compare yet.");
    const { data, error } = this.use(`projects/${path(slug)}/diff/${path(name)}?from=${pair.from.version}&to=${pair.to.version}`);
    return h("section", { "aria-labelledby": "difference" },
      h("div", { class: "section-head" }, h("h2", { id: "difference" }, "Word by word"),
        h("div", { class: "segments", role: "group", "aria-label": "How it is shown" }, [[false, "In one column"], [true, "Side by side"]].map(([side, word]) =>
          h("button", { type: "button", class: "bare", "aria-pressed": String(this.side === side), onclick: () => { this.side = side; } }, word)))),
      h("div", { class: "row pickers" }, this.choice(list, "From", "from", pair.from), this.choice(list, "to", "to", pair.to)),
      error ? h("q-notice", { error, what: "They cannot be compared" }) : !data && h("p", { class: "quiet", role: "status" }, "Comparing…"),
      data && h("q-diff", { key: `${pair.from.version} ${pair.to.version}`, parts: data, mode: this.side ? "side" : "inline", old: wordOf(pair.from), young: wordOf(pair.to) }));
  }

  row(version, head) {
    const { slug, name } = this.params, now = version === head;
    return h("tr", { key: version.version, class: now && "now" },
      h("th", { scope: "row" }, wordOf(version), now && h("span", { class: "tag" }, "now")),
      h("td", { "data-label": "By" }, version.author === "person" ? "you" : h("a", { href: `runs/${version.run}` }, byOf(version))),
      h("td", { "data-label": "Saved" }, h("time", { datetime: new Date(version.created_ms).toISOString(), title: date(version.created_ms) }, ago(version.created_ms))),
      h("td", { "data-label": "Size", class: "number" }, bytes(version.bytes)),
      h("td", { class: "acts" }, !now && [
        h("button", { type: "button", class: "bare", "aria-label": `Compare ${wordOf(version)} with now`, onclick: () => query(version.version < head.version ? { from: version.version, to: head.version } : { from: head.version, to: version.version }) }, "Compare"),
        h("button", { type: "button", class: "bare", "aria-label": `${version.state === "proposal" ? "Take it:" : "Restore"} ${wordOf(version)}`,
          onclick: () => this.act(version.state === "proposal" ? "accept" : "restore", version.version, `${wordOf(version)} is the text again, as a new version.`) }, version.state === "proposal" ? "Take it" : "Restore")]),
      h("td", { class: "acts" }, h("a", { class: "button bare", href: now ? places.document(slug, name) : `${places.file(slug, name)}?version=${version.version}`, download: now ? null : "" }, now ? "Edit" : "Download")));
  }

  render() {
    const { slug, name } = this.params, { error } = this.use(names.history(slug, name)), list = this.list(), head = this.head(list), pair = this.pair(list);
    const open = head && list.findLast((v) => v.state === "proposal" && v.version > head.version), number = chapterOf(name);
    title(`Versions: ${wordsOf(name)}`);
    return [
      h("q-book", { slug, tab: "documents" }),
      h("div", { class: "section-head" }, h("h2", null, `Versions: ${wordsOf(name)}`), number > 0 && h("a", { class: "button bare", href: places.chapter(slug, number) }, "Read the chapter")),
      error && h("q-notice", { error, what: "The versions cannot be shown", again: () => refresh(names.history(slug, name)) }),
      open && this.proposal(open, head),
      list.length > 0 && this.difference(list, pair),
      list.length > 0 && h("section", { "aria-labelledby": "all" }, h("h2", { id: "all" }, "All of them"),
        h("table", { class: "cards" },
          h("thead", null, h("tr", null, ["Version", "By", "Saved"].map((word) => h("th", { scope: "col" }, word)), h("th", { scope: "col", class: "number" }, "Size"), h("td", null), h("td", null))),
          h("tbody", null, list.toReversed().map((v) => this.row(v, head))))),
    ];
  }
}
define("screen-versions", VersionsScreen);
