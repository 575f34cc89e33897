// q-diff - two texts word by word: in one column with what went and what came, or side by side by paragraph.
//
//   h("q-diff", { parts: [{ op: "=" | "-" | "+", text }], mode: "inline" | "side", old: "Version 2", young: "Version 3" })
//
// Words that went are <del>, words that came <ins>, with a word for it that only screen readers get; never a colour alone. Long stretches
// without a change are folded: they open with a button.
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { plural } from "../core/format.js";

const CONTEXT = 2; // stretches beside a change that are shown

// Parts -> stretches between paragraph ends that both texts have: { lines, old, young, changed }. `lines` is both texts in one, `old` and
// `young` are each by itself; all three are lists of paragraphs, and a paragraph is a list of parts.
function stretches(parts) {
  const fresh = () => ({ lines: [[]], old: [[]], young: [[]], changed: false });
  const list = [fresh()];
  for (const { op, text } of parts) {
    text.split(/\n\s*\n/).forEach((piece, i) => {
      let last = list.at(-1);
      const sides = op === "=" ? ["old", "young"] : [op === "-" ? "old" : "young"];
      if (i > 0 && op === "=") list.push((last = fresh()));
      else if (i > 0) for (const side of ["lines", ...sides]) last[side].push([]);
      if (i > 0 && op !== "=") last.changed = true;
      if (!piece) return;
      if (op !== "=" && piece.trim()) last.changed = true;
      for (const side of ["lines", ...sides]) last[side].at(-1).push({ op, text: piece });
    });
  }
  const kept = (paragraphs) => paragraphs.filter((p) => p.length);
  return list.map((s) => ({ ...s, lines: kept(s.lines), old: kept(s.old), young: kept(s.young) })).filter((s) => s.lines.length);
}

// Which are shown, which are folded: [{ fold: [..] } | stretch]
function folded(list) {
  const near = list.map((_, i) => list.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((p) => p.changed));
  const out = [];
  list.forEach((stretch, i) => {
    if (near[i]) out.push(stretch);
    else if (out.at(-1)?.fold) out.at(-1).fold.push(stretch);
    else out.push({ fold: [stretch], at: i });
  });
  return out;
}

const words = (text) => text.split(/\s+/).filter(Boolean).length;
const count = (parts, op) => parts.filter((p) => p.op === op).reduce((sum, p) => sum + words(p.text), 0);

function run(part) {
  if (part.op === "=") return part.text;
  const [tag, spoken] = part.op === "-" ? ["del", "removed: "] : ["ins", "added: "];
  return h(tag, null, h("span", { class: "visually-hidden" }, ` ${spoken}`), part.text, h("span", { class: "visually-hidden" }, " end. "));
}

class DiffElement extends Element {
  static props = ["parts", "mode", "old", "young"];
  #open = new Set();

  fold(item, show) {
    if (this.#open.has(item.at)) return item.fold.map(show);
    const open = () => {
      this.#open.add(item.at);
      this.update();
    };
    return h("div", { class: "fold", key: `fold ${item.at}` }, h("button", { type: "button", class: "bare", onclick: open },
      `${plural(item.fold.length, "paragraph")} without a change`));
  }

  inline(list) {
    const show = (s) => s.lines.map((line) => h("p", { class: s.changed && "changed" }, line.map(run)));
    return h("div", { class: "diff prose" }, list.map((item) => (item.fold ? this.fold(item, show) : show(item))));
  }

  side(list) {
    const show = (s) => Array.from({ length: Math.max(s.old.length, s.young.length) }, (_, i) =>
      h("div", { class: ["pair", s.changed && "changed"] }, h("p", null, (s.old[i] ?? []).map(run)), h("p", null, (s.young[i] ?? []).map(run))));
    return h("div", { class: "diff prose sides" },
      h("div", { class: "pair names" }, h("strong", null, this.old ?? "Before"), h("strong", null, this.young ?? "After")),
      list.map((item) => (item.fold ? this.fold(item, show) : show(item))));
  }

  render() {
    if (!this.parts) return null;
    const gone = count(this.parts, "-"), come = count(this.parts, "+");
    if (!gone && !come) return h("p", { class: "quiet" }, "The two texts are the same, word for word.");
    const list = folded(stretches(this.parts));
    return [h("p", { class: "quiet" }, `${plural(gone, "word")} removed, ${plural(come, "word")} added.`), this.mode === "side" ? this.side(list) : this.inline(list)];
  }
}
define("q-diff", DiffElement);
