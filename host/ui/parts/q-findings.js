// q-findings - what checks and judges found in a book, chapter by chapter, each with the words that it quotes; and what its author dismissed as
// meant so. A dismissal is kept with the book, with its reason, and can be taken back.
import { path, post } from "../core/api.js";
import { ask } from "../core/ask.js";
import { names } from "../core/book.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { plural } from "../core/format.js";
import { refresh } from "../core/resource.js";
import { failed, say } from "../core/status.js";

const FEW = 12;

class FindingsElement extends Element {
  static props = ["slug", "all"];

  connected() {
    refresh(names.findings(this.slug));
  }

  async change(finding, request, said) {
    try {
      await post(`projects/${path(this.slug)}/findings`, { key: finding.key, ...request });
      refresh(names.findings(this.slug));
      say(said);
    } catch (error) {
      failed(error, "Nothing has changed");
    }
  }

  async dismiss(finding) {
    const answer = await ask({
      title: "Meant as it is?", action: "Dismiss it",
      text: "It is reported no more, and judges of later versions are told. You can take this back.",
      body: h("div", { class: "field" }, finding.quote && h("blockquote", null, finding.quote), h("p", null, finding.problem),
        h("label", { for: "reason" }, "Why (optional)"), h("input", { id: "reason", name: "reason", maxlength: "400", autofocus: true })),
    });
    if (answer) await this.change(finding, { reason: String(answer.get("reason")) }, "Dismissed.");
  }

  one(finding) {
    const dismissed = finding.dismissed !== null;
    return h("li", { key: finding.key, class: "finding" },
      h("div", null,
        h("p", { class: "quiet" }, finding.title, finding.stale && h("span", { class: "tag", title: "The text has changed since; check the book again" }, "text has changed"),
          finding.certain && h("span", { class: "tag ask" }, "certain")),
        finding.quote && h("blockquote", null, finding.quote),
        h("p", null, finding.problem), dismissed && finding.dismissed && h("p", { class: "quiet" }, `Because: ${finding.dismissed}`)),
      dismissed
        ? h("button", { type: "button", class: "bare", onclick: () => this.change(finding, { restore: true }, "Reported again from the next check on.") }, "Take back")
        : h("button", { type: "button", class: "bare", "aria-label": `Dismiss: ${finding.problem}`, onclick: () => this.dismiss(finding) }, "Dismiss"));
  }

  groups(list) {
    const groups = new Map();
    for (const finding of list) groups.set(finding.chapter, [...(groups.get(finding.chapter) ?? []), finding]);
    return [...groups].sort(([a], [b]) => a - b).map(([chapter, found]) => h("section", { key: chapter },
      h("h3", null, chapter ? `Chapter ${chapter}` : "The whole book"), h("ul", { class: "plain lines" }, found.map((finding) => this.one(finding)))));
  }

  render() {
    const { data } = this.use(names.findings(this.slug));
    if (!data?.length) return null;
    const open = data.filter((f) => f.dismissed === null), dismissed = data.filter((f) => f.dismissed !== null);
    const shown = this.all ? open : open.slice(0, FEW);
    return h("section", { class: "findings", "aria-labelledby": "findings" }, h("h2", { id: "findings" }, "Findings"),
      h("p", { class: "quiet" }, open.length ? `${plural(open.length, "place")} that checks or judges would look at again. Nothing has to be done about them.` : "Nothing is open."),
      this.groups(shown),
      shown.length < open.length && h("button", { type: "button", class: "bare", onclick: () => (this.all = true) }, `Show all ${open.length}`),
      dismissed.length > 0 && h("details", null, h("summary", null, `${plural(dismissed.length, "finding")} dismissed`), this.groups(dismissed)));
  }
}
define("q-findings", FindingsElement);
