// q-upload - a file whose text goes into the form: h("q-upload", { label, kind: "brief" | "outline", ontext: (text, name) => ... }). The host
// judges by the content whether it is text, and says what it takes.
import { post } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { Element, define } from "../lib/element.js";
import { bytes, plural } from "../lib/format.js";

const MOST_BYTES = 4 << 20;

function base64(buffer) {
  const octets = new Uint8Array(buffer), pieces = [];
  for (let i = 0; i < octets.length; i += 0x8000) pieces.push(String.fromCharCode(...octets.subarray(i, i + 0x8000)));
  return btoa(pieces.join(""));
}

class UploadElement extends Element {
  static props = ["label", "kind", "ontext", "said", "wrong"];

  async take(file) {
    if (!file) return;
    this.said = this.wrong = "";
    if (file.size > MOST_BYTES) {
      this.wrong = `“${file.name}” has ${bytes(file.size)}; at most ${bytes(MOST_BYTES)} can be taken.`;
      return;
    }
    try {
      const { data } = await post("uploads", { kind: this.kind, name: file.name, content: base64(await file.arrayBuffer()) });
      this.said = `“${file.name}” is read: ${plural(data.text.split(/\s+/).filter(Boolean).length, "word")}.`;
      this.ontext(data.text, file.name);
    } catch (error) {
      this.wrong = `“${file.name}” was not taken: ${error.message} ${error.hint}`;
    }
  }

  render() {
    const id = `upload-${this.kind}`;
    return h("div", { class: "field" }, h("label", { for: id }, this.label),
      h("input", { type: "file", id, accept: ".txt,.md,.markdown,.json,text/*", "aria-describedby": `${id}-said`, onchange: (event) => this.take(event.target.files[0]) }),
      h("p", { id: `${id}-said`, class: this.wrong ? "wrong" : "help", role: "status" }, this.wrong || this.said));
  }
}
define("q-upload", UploadElement);
