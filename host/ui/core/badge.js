// badge.js - what nobody may take for a real book: a run, a book, a chapter by the rehearsal model says so wherever it is seen.
import { h } from "./dom.js";

export const rehearsed = (it) => (it?.rehearsal ? h("span", { class: "tag", title: "Not written by a real model: it shows the work, and means nothing." }, "Rehearsal") : null);
