// q-code - a field for a script: CodeMirror with Lua's colours where this computer has it, a plain text field otherwise.
//   h("q-code", { label: "phases/writing", value, marks: [{ line, message }], onedit: (text) => ... })
// show(line) goes there. Tab leaves the field in both, so nobody is caught in it; lines keep their indentation by Enter.
import { Element, define } from "../core/element.js";

const VENDOR = "vendor/codemirror/";

function script(name) {
  return new Promise((resolve, reject) => {
    const node = document.createElement("script");
    node.src = new URL(VENDOR + name, document.baseURI).href;
    node.onload = resolve;
    node.onerror = reject;
    document.head.append(node);
  });
}

function style(name) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(VENDOR + name, document.baseURI).href;
    link.onload = resolve;
    link.onerror = reject;
    document.head.prepend(link); // ours come after it and win
  });
}

let codemirror = null;
function load() {
  codemirror ??= (async () => {
    const { installed } = await (await fetch(new URL("vendor/codemirror", document.baseURI))).json();
    if (!installed) throw new Error("there is no CodeMirror here");
    await Promise.all([style("lib/codemirror.css"), script("lib/codemirror.js")]); // the editor measures its lines as it is made
    await Promise.all([script("mode/lua/lua.js"), script("addon/edit/matchbrackets.js")]);
    return globalThis.CodeMirror;
  })();
  return codemirror;
}

class CodeElement extends Element {
  static props = ["label", "value", "marks", "onedit"];
  #field = null;  // the plain text field
  #editor = null; // CodeMirror
  #given = null;  // the text as it was last given or told
  #marked = [];

  async connected() {
    this.#field = document.createElement("textarea");
    this.#field.className = "code";
    this.#field.spellcheck = false;
    this.#field.addEventListener("input", () => this.#tell(this.#field.value));
    this.replaceChildren(this.#field);
    await this.#enrich();
  }

  async #enrich() {
    let make;
    try {
      make = await load();
    } catch {
      return; // the plain field stays
    }
    if (!this.isConnected) return;
    const held = document.activeElement === this.#field, place = this.#field.selectionStart;
    this.#editor = make.fromTextArea(this.#field, { mode: "lua", lineNumbers: true, lineWrapping: true, indentUnit: 2, tabSize: 2, matchBrackets: true,
      viewportMargin: Infinity, inputStyle: "contenteditable", screenReaderLabel: this.label, extraKeys: { Tab: false, "Shift-Tab": false } });
    this.#editor.setValue(this.#given ?? "");
    this.#editor.clearHistory();
    if (held) { // who began to type in the plain field goes on here
      this.#editor.setCursor(this.#editor.posFromIndex(place));
      this.#editor.focus();
    }
    this.#editor.on("change", () => this.#tell(this.#editor.getValue()));
    this.draw();
  }

  #tell(text) {
    if (text === this.#given) return;
    this.#given = text;
    this.onedit?.(text);
  }

  show(line) {
    if (this.#editor) {
      this.#editor.setCursor(line - 1, 0);
      this.#editor.focus();
      return;
    }
    const at = this.#field.value.split("\n").slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    this.#field.focus();
    this.#field.setSelectionRange(at, at);
  }

  // Not drawn by patch: the field and the editor own what is inside them.
  draw() {
    if (!this.#field) return;
    this.#field.setAttribute("aria-label", this.label);
    if (this.value !== undefined && this.value !== this.#given) {
      this.#given = this.value;
      if (this.#editor) this.#editor.setValue(this.value);
      else this.#field.value = this.value;
    }
    if (!this.#editor) return;
    for (const handle of this.#marked) this.#editor.removeLineClass(handle, "wrap", "wrong-line");
    this.#marked = (this.marks ?? []).filter((m) => m.line).map((m) => this.#editor.addLineClass(m.line - 1, "wrap", "wrong-line"));
  }
}
define("q-code", CodeElement);
