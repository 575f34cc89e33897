// q-note - a note to the writer of a run that is not over: journaled, in force from the next scene on; and the notes so far.
import { post } from "../core/api.js";
import { notesOf } from "../core/chapters.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { timeOfDay } from "../core/format.js";
import { failed, say } from "../core/status.js";
import { ended } from "../core/sentences.js";

class NoteElement extends Element {
  static props = ["run", "sending"];

  async send(event) {
    event.preventDefault();
    const form = event.target, text = new FormData(form).get("text").trim();
    if (!text || this.sending) return;
    this.sending = true;
    try {
      await post(`runs/${this.run.run}/notes`, { text });
      form.reset();
      say("Note sent. It applies from the next scene.");
    } catch (error) {
      failed(error, "The note was not sent");
    } finally {
      this.sending = false;
    }
  }

  render() {
    const notes = notesOf(this.watch(`history/${this.run.run}`) ?? []);
    if (ended(this.run) && !notes.length) return null;
    return h("section", { class: "note" },
      h("h2", null, "A note to the writer"),
      notes.length > 0 && h("ol", { class: "plain notes" }, notes.map((note) => h("li", { key: note.id }, h("q", null, note.text ?? note.note), " ", h("span", { class: "quiet" }, timeOfDay(note.at_ms))))),
      !ended(this.run) && h("form", { class: "stack", onsubmit: (event) => this.send(event) },
        h("textarea", { name: "text", rows: 3, "aria-label": "Note to the writer", "aria-describedby": "note-help", placeholder: "Slow down in the harbour; let her be wrong once.", maxlength: 4000, required: true }),
        h("p", { class: "help", id: "note-help" }, "It applies from the next scene, for the rest of this run."),
        h("div", { class: "row" }, h("button", { disabled: this.sending }, "Send the note"))));
  }
}
define("q-note", NoteElement);
