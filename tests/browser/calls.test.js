#!/usr/bin/env node
// calls.test.js - the page of a call: its prompt in blocks, and its question asked again beside the run, with both answers compared.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { judge, openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { sql } from "./lib/sqlite.js";
import { assert, done, test } from "./lib/tap.js";

const PIPELINE = `return { title = "A ship", input = {}, run = function()
  local ship = llm.ask { role = "writer", key = "ship", max_words = 60, blocks = { { name = "rules", text = "Be plain.\\n", stable = true }, { name = "task", text = "Describe a ship." } } }
  artifact.put("ship.md", ship.text)
  return { title = "done" } end }`;
let host, page;

test("a call shows the blocks of its prompt by name and size", async () => {
  host = await startHost();
  await mkdir(join(host.library, "pipelines"), { recursive: true });
  await writeFile(join(host.library, "pipelines", "ship.lua"), PIPELINE);
  await host.quire("run", "ship");
  page = await openPage();
  await page.goto(`${host.url}runs/1?view=call&call=1`);
  await page.getByText("Block 1: rules, 10 bytes, the same in many calls (can be cached)").waitFor();
  await page.getByText("Block 2: task, 16 bytes").waitFor();
});

test("asked again as it was, both answers stand side by side, and the run is not touched", async () => {
  const before = sql(host, "SELECT calls || ' ' || cost_nano || ' ' || (SELECT count(*) FROM journal) FROM runs WHERE id = 1");
  await page.getByRole("button", { name: "Ask again…" }).click();
  await judge(page, "ask-again");
  await page.getByRole("dialog").getByRole("button", { name: "Ask again" }).click();
  await page.getByText("The two texts are the same, word for word.").waitFor();
  await page.getByRole("columnheader", { name: "Call 2" }).waitFor();
  assert.equal(sql(host, "SELECT calls || ' ' || cost_nano || ' ' || (SELECT count(*) FROM journal WHERE run_id = 1) FROM runs WHERE id = 1"), before);
});

test("asked with other words of another model, what differs is marked, and a reload finds it again", async () => {
  await page.getByRole("button", { name: "Ask again…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Model").fill("rehearsal/poet");
  await dialog.getByText("Change the prompt").click();
  await dialog.getByLabel("Block 2: task").fill("Describe a whale.");
  await dialog.getByRole("button", { name: "Ask again" }).click();
  await page.getByRole("columnheader", { name: "Call 3" }).waitFor();
  await page.getByText(/words? removed/).waitFor();
  assert.equal(sql(host, "SELECT model || ' ' || (SELECT CAST(b.data AS TEXT) FROM call_blocks k JOIN blobs b ON b.id = k.blob_id WHERE k.call_id = 3 AND k.place = 1) FROM calls WHERE id = 3"), "poet Describe a whale.");
  await page.reload();
  await page.getByRole("columnheader", { name: "Call 3" }).waitFor();
  await page.getByRole("columnheader", { name: "Call 2" }).waitFor();
  await judge(page, "call-replays");
});

test("a new run begins before the call, and says what it comes from", async () => {
  await page.getByRole("button", { name: "Begin again from here…" }).click();
  await page.getByText("Asked again: 1 answer, ").waitFor();
  await judge(page, "fork");
  await page.getByRole("dialog").getByRole("button", { name: "Begin the new run" }).click();
  await page.waitForURL(`${host.url}runs/4`);
  await page.getByText("a fork of run 1 before place 1").waitFor();
  await until("it has ended", () => sql(host, "SELECT status FROM runs WHERE id = 4") === "completed");
  assert.equal(sql(host, "SELECT count(*) FROM calls WHERE run_id = 4"), "1");
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
