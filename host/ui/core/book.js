// book.js - what the screens of a book share: addresses, names in an author's words, where somebody stopped reading.
import { path } from "./api.js";

export const places = {
  book: (slug) => `books/${path(slug)}`,
  chapter: (slug, number) => `books/${path(slug)}/chapters/${number}`,
  cast: (slug) => `books/${path(slug)}/cast`,
  documents: (slug) => `books/${path(slug)}/documents`,
  document: (slug, name) => `books/${path(slug)}/documents/${path(name)}`,
  versions: (slug, name) => `books/${path(slug)}/versions/${path(name)}`,
  file: (slug, name) => `files/${path(slug)}/${path(name)}`,
};

// Names of what the API knows, which are also the names of the resources.
export const names = {
  project: (slug) => `projects/${path(slug)}`,
  chapters: (slug) => `projects/${path(slug)}/chapters`,
  artifact: (slug, name) => `projects/${path(slug)}/artifacts/${path(name)}`,
  findings: (slug) => `projects/${path(slug)}/findings`,
  history: (slug, name) => `projects/${path(slug)}/history/${path(name)}`,
};

export const chapterTitle = (chapter) => chapter.title || `Chapter ${chapter.number}`;

// "chapters/03.md" -> 3
export const chapterOf = (name) => Number(/^chapters\/(\d+)\.\w+$/.exec(name)?.[1] ?? 0);

const WORDS = {
  "blueprint.json": "Blueprint", "blueprint.md": "Blueprint, to read", "brief.json": "The brief", "musts.json": "What the author fixed", "voice.md": "How the book sounds",
  "secrets.json": "What the reader may not know at first", "carried.json": "What it takes over from the books before", "checks/musts.json": "What the text does with what the author fixed", "structure.json": "Structure: acts, events, promises",
  "findings/book.json": "Findings in the whole book", "dismissed.json": "Findings that you dismissed", "checks.json": "Checks: which are on", "series.json": "Plan of the series", "blurb.md": "Blurb", "publishing.md": "Publishing sheet", "statistics.json": "Statistics", "book.json": "About the book",
};
const OF_CHAPTERS = {
  chapters: "Chapter", plans: "Plan of chapter", facts: "Facts after chapter", summaries: "Summary of chapter", issues: "Open issues of chapter", findings: "Findings in chapter",
  parts: "Summary of the part up to chapter", voice: "How the book sounds after chapter", impact: "What rewriting touched: chapter", carry: "What carries over from book",
};
// The document's name in an author's words; the name itself where there are none.
export function wordsOf(name) {
  const [, folder, number] = /^(\w+)\/(\d+)\.\w+$/.exec(name) ?? [];
  return OF_CHAPTERS[folder] ? `${OF_CHAPTERS[folder]} ${Number(number)}` : WORDS[name] ?? name;
}

// The finished book, as files: [{ name, label, bytes }]; what there can be, the host's exports say.
export function downloads(artifacts, exports) {
  return exports.flatMap((made) => artifacts.filter((a) => a.name === made.name).map((a) => ({ ...a, label: made.title })));
}

// ---- where somebody stopped reading, kept in this browser: { chapter, block, share }; share is how far down the block, 0 to 1

const key = (slug) => `quire-place ${slug}`;

export function placeOf(slug) {
  try {
    const place = JSON.parse(localStorage.getItem(key(slug)));
    return place && Number.isInteger(place.chapter) ? place : null;
  } catch {
    return null;
  }
}

export function keepPlace(slug, place) {
  try {
    localStorage.setItem(key(slug), JSON.stringify(place));
  } catch {
    // Without storage every visit begins at the top.
  }
}
