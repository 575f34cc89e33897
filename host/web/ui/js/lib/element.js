// element.js - the base of every custom element here.
//
//   class CoverElement extends Element {
//     static props = ["project"];                       // element.project = ... draws it again
//     render() { return h("strong", null, this.project.title); }
//   }
//   define("q-cover", CoverElement);
//
// Life: connected() once it is in the page; render() for each drawing; this.life is an AbortSignal that ends with it. Drawings are gathered
// into one per frame. use(name) gives a resource's entry and draws again when it changes; watch(name) does so for any name of the store.
// There is no shadow tree: the page's styles and its accessibility tree are one.

import { patch } from "./dom.js";
import { resource } from "./resource.js";
import { store } from "./store.js";

export class Element extends HTMLElement {
  #ending = null;
  #queued = false;
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
    if (this.#queued || !this.isConnected) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      if (this.isConnected) this.draw();
    });
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
