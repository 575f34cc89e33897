// q-upload - a file from a person: h("q-upload", { label, kind: "brief" | "outline", ontext: (text, name) => ... }) takes its text into a form,
// h("q-upload", { label, kind: "cover", project, ondone: () => ... }) keeps a picture as the book's cover. The host judges by the content
// what it is, and says what it takes.
import { post } from "../core/api.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { bytes, plural } from "../core/format.js";

const TEXT = { most: 4 << 20, accept: ".txt,.md,.markdown,.json,text/*" }, PICTURE = { most: 10 << 20, accept: "image/png,image/jpeg" };

function base64(buffer) {
  const octets = new Uint8Array(buffer), pieces = [];
  for (let i = 0; i < octets.length; i += 0x8000) pieces.push(String.fromCharCode(...octets.subarray(i, i + 0x8000)));
  return btoa(pieces.join(""));
}

class UploadElement extends Element {
  static props = ["label", "kind", "project", "ontext", "ondone", "said", "wrong"];

  get takes() {
    return this.kind === "cover" ? PICTURE : TEXT;
  }

  async take(file) {
    if (!file) return;
    this.said = this.wrong = "";
    const { most } = this.takes;
    if (file.size > most) {
      this.wrong = `“${file.name}” has ${bytes(file.size)}; the limit is ${bytes(most)}.`;
      return;
    }
    try {
      const { data } = await post("uploads", { kind: this.kind, name: file.name, project: this.project, content: base64(await file.arrayBuffer()) });
      if (this.kind === "cover") {
        this.said = "It is the cover.";
        this.ondone?.();
        return;
      }
      this.said = `“${file.name}” is read: ${plural(data.text.split(/\s+/).filter(Boolean).length, "word")}.`;
      this.ontext(data.text, file.name);
    } catch (error) {
      this.wrong = `“${file.name}” was not accepted: ${error.message} ${error.hint}`;
    }
  }

  render() {
    const id = `upload-${this.kind}`;
    return h("div", { class: "field" }, h("label", { for: id }, this.label),
      h("input", { type: "file", id, accept: this.takes.accept, "aria-describedby": `${id}-said`, onchange: (event) => this.take(event.target.files[0]) }),
      h("p", { id: `${id}-said`, class: this.wrong ? "wrong" : "help", role: "status" }, this.wrong || this.said));
  }
}
define("q-upload", UploadElement);
