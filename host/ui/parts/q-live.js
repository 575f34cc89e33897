// q-live - the reading column: text as models write it, one section a call. It manages its own nodes, because a chapter that grows ten
// times a second is appended to, not compared.
//
// Frames carry the offset of their text in code points, so one that comes twice is dropped and one that is missing is noticed: then the
// stream is taken anew, which begins with the full text so far. The column follows only while it stands at its end; else a button leads
// there. It is never aria-live: what is worth saying aloud is said at the end of a chapter (screens/run.js).
import { define } from "../core/element.js";
import { h, patch } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { readable } from "../core/readable.js";
import { stream } from "../core/stream.js";

const SECTIONS_MOST = 40, NEAR_PX = 60;
const ROLES = { writer: "", planner: "The planner", judge: "The judge", extractor: "The keeper of facts" };
const length = (text) => {
  let n = 0;
  for (const _ of text) n++; // eslint-disable-line no-unused-vars
  return n;
};

class LiveElement extends HTMLElement {
  #sections = new Map(); // call -> { node, body, text, points, attempt, role, drawn }
  #dirty = new Set();
  #frame = 0;
  #ending = null;

  connectedCallback() {
    this.#ending = new AbortController();
    this.column = document.createElement("div");
    this.column.className = "column prose";
    this.column.tabIndex = 0;
    this.column.setAttribute("role", "region");
    this.column.setAttribute("aria-label", "The text that is being written");
    this.column.setAttribute("aria-busy", "true");
    this.jump = document.createElement("div");
    this.jump.className = "jump";
    patch(this.jump, h("button", { type: "button", class: "primary", onclick: () => this.toEnd() }, icon("down"), "Jump to live"));
    this.jump.hidden = true;
    this.replaceChildren(this.column, this.jump);
    this.following = true;
    this.column.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.resized = new ResizeObserver(() => this.#follow());
    this.resized.observe(this.column);
    const { signal } = this.#ending;
    stream.on("text", (frame) => this.take(frame), signal);
    stream.on("call", (call) => this.settle(call), signal);
  }

  disconnectedCallback() {
    this.#ending.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  set busy(busy) {
    this.column?.setAttribute("aria-busy", String(busy));
  }

  get atEnd() {
    return this.column.scrollHeight - this.column.scrollTop - this.column.clientHeight < NEAR_PX;
  }

  get empty() {
    return this.#sections.size === 0;
  }

  #follow() {
    if (this.following) this.column.scrollTop = this.column.scrollHeight;
    this.size = this.#measure();
  }

  #measure() {
    return `${this.column.scrollHeight} ${this.column.clientHeight}`;
  }

  // Only a person's scrolling decides whether the column follows; text that grows or a window that narrows moves it as well.
  #scrolled() {
    if (this.size !== this.#measure()) return this.#follow();
    this.following = this.atEnd;
    this.jump.hidden = this.following;
    return undefined;
  }

  toEnd() {
    this.following = true;
    this.#follow();
    this.column.focus({ preventScroll: true });
  }

  #section(frame) {
    let section = this.#sections.get(frame.call);
    if (!section) {
      const node = document.createElement("section"), body = document.createElement("div"), caption = document.createElement("p");
      const who = ROLES[frame.role] ?? frame.role;
      node.className = frame.role === "writer" ? "written" : "thought";
      caption.className = "quiet caption";
      caption.textContent = who;
      node.append(...(who ? [caption, body] : [body]));
      this.column.append(node);
      section = { node, body, caption, text: "", points: 0, attempt: frame.attempt, role: frame.role, drawn: 0 };
      this.#sections.set(frame.call, section);
      this.dispatchEvent(new CustomEvent("begun"));
      if (this.#sections.size > SECTIONS_MOST) this.#drop();
    }
    return section;
  }

  #drop() {
    const [call, section] = this.#sections.entries().next().value;
    section.node.remove();
    this.#sections.delete(call);
  }

  take(frame) {
    const section = this.#section(frame);
    if (frame.attempt !== section.attempt) { // the one before broke off
      if (frame.attempt < section.attempt) return;
      Object.assign(section, { text: "", points: 0, drawn: 0, attempt: frame.attempt });
      section.body.replaceChildren();
    }
    if (frame.at > section.points) return stream.again(); // something is missing
    const known = section.points - frame.at, fresh = known ? Array.from(frame.text).slice(known).join("") : frame.text;
    if (!fresh) return undefined;
    section.text += fresh;
    section.points += length(fresh);
    this.#dirty.add(section);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
    return undefined;
  }

  // A call has ended: a thought that is over steps back.
  settle(call) {
    const section = this.#sections.get(call.call);
    if (!section || call.state === "sent" || section.role === "writer") return;
    section.node.classList.add("over");
    this.#follow();
  }

  #draw() {
    this.#frame = 0;
    for (const section of this.#dirty) this.#write(section);
    this.#dirty.clear();
    this.#follow();
  }

  // Paragraphs that are complete stay as they are; the last one grows.
  #write(section) {
    const paragraphs = (section.role === "writer" ? section.text : readable(section.text)).split(/\n\s*\n/).filter(Boolean);
    const { body } = section;
    paragraphs.forEach((text, i) => {
      const p = body.children[i] ?? body.appendChild(document.createElement("p"));
      if (p.textContent !== text && (i >= section.drawn - 1 || section.role !== "writer")) p.textContent = text;
    });
    while (body.children.length > paragraphs.length) body.lastChild.remove();
    section.drawn = paragraphs.length;
  }
}
define("q-live", LiveElement);
