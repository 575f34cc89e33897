// actions.js - what a person can do with a run. Each asks where something would be lost or paid for, says in the corner how it went, and
// brings the run up to date.
import { post } from "../core/api.js";
import { ask } from "../core/ask.js";
import { h } from "../core/dom.js";
import { refresh } from "../core/resource.js";
import { go } from "../core/router.js";
import { titleOf } from "../core/sentences.js";
import { failed, say } from "../core/status.js";
import "./q-with.js";

async function act(run, verb, body, told, what) {
  try {
    const { data } = await post(`runs/${run.run}/${verb}`, body);
    if (told) say(told);
    refresh(`runs/${run.run}`);
    return data;
  } catch (error) {
    failed(error, what);
    return null;
  }
}

export const pause = (run) => act(run, "pause", {}, "Pausing after the current calls finish.", "It was not paused");

export async function cancel(run) {
  const sure = await ask({
    title: `Cancel “${titleOf(run)}” for good?`, action: "Cancel the run", cancel: "Keep it", danger: true,
    text: "What was written is kept. A cancelled run cannot be resumed; a retry keeps every answer that was paid for. To stop for a while, pause it instead.",
  });
  if (sure) await act(run, "cancel", {}, "Cancelled. What was written is kept.", "It was not cancelled");
}

// What the form of q-with says, as the body of resume and retry.
function request(form) {
  const body = {}, kinds = form.getAll("with"), model = form.get("model")?.trim();
  if (kinds.length) body.with = kinds;
  if (model) body.models = { "": model.split(/[\s,]+/) };
  for (const limit of ["budget_usd", "budget_tokens"]) if (form.get(limit)) body[limit] = Number(form.get(limit));
  return body;
}

export async function resume(run) {
  const form = await ask({ title: `Resume “${titleOf(run)}”`, action: "Resume", body: h("q-with", { run, verb: "resume" }) });
  if (form) await act(run, "resume", request(form), "The run continues.", "The run was not resumed");
}

export async function retry(run) {
  const form = await ask({ title: `Write “${titleOf(run)}” again`, action: "Begin the new run", body: h("q-with", { run, verb: "retry" }) });
  const data = form && await act(run, "retry", request(form), "", "The retry was not started");
  if (data) go(`runs/${data.run}`);
}

// A new run that keeps what stands before a place of this one's journal.
export async function fork(run, at) {
  const form = await ask({ title: `Begin again before this call of “${titleOf(run)}”`, action: "Begin the new run",
    text: "This run stays as it is. The new one keeps every answer before the call, with the documents as they were then.", body: h("q-with", { run, verb: "fork", at }) });
  const data = form && await act(run, "fork", { ...request(form), at }, "", "The new run was not started");
  if (data) go(`runs/${data.run}`);
}
