// chapters.js - what the book pipelines tell in their logs, as chapters. The host knows phases and events only; these are the words of
// scripts/phases/writing.lua, and a pipeline with other words simply has no chapters here.

// The phases of a book in their order, for showing what is still to come.
export const BOOK_PHASES = ["Blueprint", "Structure & Events", "Chapter Planning", "Writing", "Post-Processing"];
const BEGUN = /^Chapter (\d+) of (\d+) begun: (.*)$/s, FINISHED = /^Chapter (\d+) finished: (\d+) words.*?(\d+) issues?/s;

// [{ number, total, title, started_ms, ended_ms, words, issues }], in the order in which they were begun.
export function chaptersOf(events) {
  const chapters = [];
  for (const event of events) {
    if (event.type !== "log") continue;
    const begun = BEGUN.exec(event.text), finished = FINISHED.exec(event.text);
    if (begun) chapters.push({ number: Number(begun[1]), total: Number(begun[2]), title: begun[3], started_ms: event.at_ms, ended_ms: null });
    const chapter = finished && chapters.findLast((c) => c.number === Number(finished[1]));
    if (chapter) Object.assign(chapter, { ended_ms: event.at_ms, words: Number(finished[2]), issues: Number(finished[3]) });
  }
  return chapters;
}

// [{ name, started_ms, ended_ms }] of the phases that were begun; a phase that was begun again (a resume) counts once.
export function phasesOf(events) {
  const phases = [];
  for (const event of events) {
    if (event.type !== "phase") continue;
    const last = phases.at(-1);
    if (last?.name === event.name) continue;
    if (last) last.ended_ms = event.at_ms;
    phases.push({ name: event.name, started_ms: event.at_ms, ended_ms: null });
  }
  return phases;
}

// A note to the writer as it stands in the run's history.
export const notesOf = (events) => events.filter((event) => event.type === "note");
