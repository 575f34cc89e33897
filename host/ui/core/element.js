// element.js - the base of every custom element here.
//
//   class CoverElement extends Element {
//     static props = ["project"];                       // element.project = ... draws it again
//     render() { return h("strong", null, this.project.title); }
//   }
//   define("q-cover", CoverElement);
//
// Life: connected() once it is in the page; render() for each drawing; this.life is an AbortSignal that ends with it. Drawings are gathered
// into one a frame. use(name) gives a resource's entry and draws again when it changes; watch(name) does so for any name of the store.
// There is no shadow tree: the page's styles and its accessibility tree are one.

import { patch } from "./dom.js";
import { resource } from "./resource.js";
import { store } from "./store.js";

const DEEPEST = 5;
const queued = new Set();
let frame = 0;

// All drawings that are due, in one frame; what a drawing changes in its children is drawn in the same frame, within reason.
function flush() {
  frame = 0;
  for (let depth = 0; queued.size && depth < DEEPEST; depth++) {
    const due = [...queued];
    queued.clear();
    for (const element of due) {
      try {
        if (element.isConnected) element.draw();
      } catch (error) {
        reportError(error); // one element that fails does not take the others with it
      }
    }
  }
  if (queued.size) frame = requestAnimationFrame(flush);
}

export class Element extends HTMLElement {
  #ending = null;
  #watched = new Set();

  get life() {
    return this.#ending.signal;
  }

  connectedCallback() {
    this.#ending = new AbortController();
    this.#watched.clear();
    this.connected?.();
    this.draw();
  }

  disconnectedCallback() {
    this.#ending.abort();
  }

  update() {
    if (!this.isConnected) return;
    queued.add(this);
    frame ||= requestAnimationFrame(flush);
  }

  draw() {
    if (!this.render) return;
    patch(this, this.render());
    this.drawn?.();
  }

  watch(name) {
    if (!this.#watched.has(name)) {
      this.#watched.add(name);
      store.on(name, () => this.update(), this.life);
    }
    return store.get(name);
  }

  use(name) {
    this.watch(name);
    return resource(name);
  }
}

export function define(name, type) {
  for (const prop of type.props ?? []) {
    const field = Symbol(prop);
    Object.defineProperty(type.prototype, prop, {
      get() { return this[field]; },
      set(value) {
        if (this[field] === value) return;
        this[field] = value;
        this.update();
      },
    });
  }
  customElements.define(name, type);
}
