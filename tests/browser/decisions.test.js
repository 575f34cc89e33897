#!/usr/bin/env node
// decisions.test.js - what a person decides about a book that is not yet written: other blueprints with a note, none at all and a retry, another
// model for everything; and what the page says while a provider makes a run wait.
import { judge, openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { sql } from "./lib/sqlite.js";
import { assert, done, test } from "./lib/tap.js";

const NOTE = "Let it play on a barge instead.";
let host, page;

const shows = (text) => page.getByText(text, { exact: true }).first().waitFor();
// Opens the question that the run waits with; returns what it asks.
async function question(run) {
  await page.goto(`${host.url}runs/${run}`);
  await page.getByRole("link", { name: "Read and decide" }).click();
  await page.getByRole("button", { name: "Write another one" }).waitFor();
  return page.getByRole("heading", { level: 1 }).innerText();
}
async function decide(choice, run) {
  await page.getByRole("button", { name: choice, exact: true }).click();
  await page.waitForURL(`${host.url}runs/${run}`);
}

test("another blueprint is asked for with a note, and the note reaches the model", async () => {
  host = await startHost({ slow: "--chunks 2" });
  page = await openPage();
  await host.quire("run", "generate_book", "--set", "title=The Barge", "--set", "brief=A keeper.", "--set", "chapters=1", "--set", "words_per_chapter=300", "--set", "review=true", "--detach");
  assert.match(await question(1), /^Approve the blueprint/);
  await page.getByLabel("If you want another version: what should change?").fill(NOTE);
  await judge(page, "gate-note");
  await decide("Write another one", 1);
  assert.match(await question(1), /^Approve the blueprint/);
  assert.ok(Number(sql(host, `SELECT count(*) FROM call_blocks c JOIN blobs b ON b.id = c.blob_id WHERE instr(CAST(b.data AS TEXT), '${NOTE}')`)) > 0, "the note was sent");
});

test("who turns all of them down and gives up finds them again in a retry, and nothing is paid twice", async () => {
  for (let asked = await question(1); asked.startsWith("Approve"); asked = await question(1)) await decide("Reject", 1);
  assert.equal(await page.getByText("You may change anything first").count(), 0, "there is nothing to edit in a question without a text");
  await judge(page, "gate-none-taken");
  await decide("Give up", 1);
  await shows("Failed");
  await page.getByRole("button", { name: "Retry…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Begin the new run" }).click();
  await page.waitForURL(`${host.url}runs/2`);
  assert.match(await question(2), /^Approve the blueprint/);
  assert.equal(sql(host, "SELECT count(*) FROM calls WHERE run_id = 2"), "0");
  await decide("Approve", 2);
  await shows("Finished");
});

test("a book is written again by the model that is typed, and nothing else has to be ticked", async () => {
  await page.getByRole("button", { name: "Write it again…" }).click();
  await page.getByText("An exact replay").waitFor();
  await page.getByLabel("Another model for everything").fill("slow/poet");
  const calls = Number(sql(host, "SELECT count(*) FROM journal WHERE run_id = 2 AND kind = 'llm'"));
  await page.getByText(`Asked again: ${calls} answers, of unknown cost last time`).waitFor();
  assert.equal(await page.getByText("Kept, not paid again").count(), 0, "a finished run asks all of it anew");
  assert.equal(sql(host, "SELECT count(*) FROM runs"), "2", "a plan starts nothing");
  await judge(page, "write-again");
  await page.getByRole("dialog").getByRole("button", { name: "Begin the new run" }).click();
  await page.waitForURL(`${host.url}runs/3`);
  await until("a call was made", () => Number(sql(host, "SELECT count(*) FROM calls WHERE run_id = 3 AND state = 'answered'")) > 0);
  assert.equal(sql(host, "SELECT group_concat(DISTINCT model) FROM calls WHERE run_id = 3"), "poet");
});

test("while a provider makes a run wait, the page says for whom, why and until when", async () => {
  await host.pace({ faults: ["429:wait=40"] });
  await host.quire("run", "generate_book", "--set", "title=Patience", "--set", "brief=A queue.", "--set", "chapters=1", "--set", "words_per_chapter=300", "--detach");
  await page.goto(`${host.url}runs/4`);
  await page.getByText(/^Waits until .*\d:\d\d.* for provider 'slow' \(HTTP 429.*It asks again automatically then\.$/).waitFor();
  await judge(page, "run-held");
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
