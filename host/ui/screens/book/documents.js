// documents.js - everything a book is made of, by what it is for. Each can be read, edited, compared with what it was, and taken along.
import "../../parts/q-book.js";
import "../../parts/q-notice.js";
import { names, places, wordsOf } from "../../core/book.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, bytes } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";

await sheet(import.meta.url, "./book.css");

const GROUPS = [
  ["Chapters", /^chapters\//],
  ["The plan", /^(brief|musts|blueprint|structure|series|plans|voice|secrets|given|carry|carried|conflicts)\b/],
  ["The finished book", /^(book|blurb|cover|publishing|front|back)\b/],
  ["Notes taken while writing", /^(facts|summaries|issues|findings|parts|impact|checks|statistics)\b/],
  ["Other documents", /./],
];

function grouped(artifacts) {
  const groups = GROUPS.map(([name]) => ({ name, list: [] }));
  for (const artifact of artifacts) groups[GROUPS.findIndex(([, pattern]) => pattern.test(artifact.name))].list.push(artifact);
  return groups.filter((group) => group.list.length);
}

class DocumentsScreen extends Element {
  static props = ["params", "query"];

  row(artifact) {
    const { slug } = this.params, text = artifact.kind !== "binary";
    return h("tr", { key: artifact.name },
      h("th", { scope: "row" }, h("a", { href: text ? places.document(slug, artifact.name) : places.file(slug, artifact.name), download: text ? null : "" }, wordsOf(artifact.name)),
        wordsOf(artifact.name) !== artifact.name && h("code", { class: "file" }, artifact.name)),
      h("td", { "data-label": "Version" }, h("a", { href: places.versions(slug, artifact.name) }, `Version ${artifact.version}`)),
      h("td", { "data-label": "By" }, artifact.author === "person" ? "you" : h("a", { href: `runs/${artifact.run}` }, `run ${artifact.run}`)),
      h("td", { "data-label": "Size", class: "number" }, bytes(artifact.bytes)),
      h("td", { "data-label": "Changed" }, ago(artifact.created_ms)));
  }

  group(group, i) {
    return h("details", { class: "group-of", open: group.name !== GROUPS[3][0], key: group.name },
      h("summary", null, h("h2", { id: `group-${i}` }, group.name), h("span", { class: "quiet" }, String(group.list.length))),
      h("table", { class: "cards", "aria-labelledby": `group-${i}` },
        h("thead", null, h("tr", null, ["Document", "Version", "By"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "number" }, "Size"), h("th", { scope: "col" }, "Changed"))),
        h("tbody", null, group.list.map((a) => this.row(a)))));
  }

  render() {
    const { slug } = this.params, { data: book, error } = this.use(names.project(slug));
    title(`Documents of ${book?.title ?? slug}`);
    return [
      h("q-book", { slug, tab: "documents" }),
      error && h("q-notice", { error, what: "The documents cannot be shown", again: () => refresh(names.project(slug)) }),
      book && (book.artifacts.length ? grouped(book.artifacts).map((group, i) => this.group(group, i)) : h("p", { class: "quiet" }, "There is no document yet.")),
    ];
  }
}
define("screen-documents", DocumentsScreen);
