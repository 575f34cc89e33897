// runs.js - starting a run on a book that exists: rewriting a chapter, making its files anew. The models are those of the book's newest
// run, so a rehearsed book stays a rehearsal and costs nothing.
import { post } from "./api.js";
import { ask } from "./ask.js";
import { h } from "./dom.js";
import { go } from "./router.js";
import { failed, say } from "./status.js";

async function begin(pipeline, book, input) {
  const request = { pipeline, project: book.project, input };
  if (book.last_run?.models) request.models = book.last_run.models;
  const { data } = await post("runs", request);
  return data.run;
}

// Asks for the instruction first. Resolves to the run's number, or null when the author thought better of it.
export async function rewrite(book, chapter) {
  const answer = await ask({
    title: `Rewrite chapter ${chapter.number}`,
    text: "The present chapter is kept as a version. If your own edit is the newest, the new chapter is a proposal.",
    body: h("div", { class: "field" }, h("label", { for: "instruction" }, "What should change?"),
      h("textarea", { id: "instruction", name: "instruction", required: true, rows: 5, autofocus: true }),
      h("p", { class: "help" }, "A sentence or two: the scene, the person, the mood. What you do not mention is kept: its events and its best sentences.")),
    action: "Rewrite it",
  });
  if (!answer) return null;
  try {
    const run = await begin("rewrite_chapter", book, { chapter: chapter.number, instruction: String(answer.get("instruction")) });
    say(`Chapter ${chapter.number} is being rewritten.`, { action: "Watch it", run: () => go(`runs/${run}`) });
    return run;
  } catch (error) {
    failed(error, "The chapter is not being rewritten");
    return null;
  }
}

export async function remake(book) {
  try {
    const run = await begin("regenerate_artifacts", book, {});
    say("The book's files are being rebuilt.", { action: "Watch it", run: () => go(`runs/${run}`) });
    return run;
  } catch (error) {
    failed(error, "The files are not being made");
    return null;
  }
}
