#!/usr/bin/env node
// runs.test.js - the list of runs when there are 5,000: pages, filters in the address, back and forward. And titles that try to be markup.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { judge, openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

const EVIL = `<img src=x onerror="document.title='owned'"><b>bold</b> & "quoted" \u202E`;
let host, page;

test("a library with 5,000 runs", async () => {
  host = await startHost();
  await host.quire("run", "generate_book", "--set", `title=${EVIL}`, "--set", "brief=A lamp.", "--set", "chapters=1", "--set", "words_per_chapter=300", "--model", "rehearsal/novelist");
  // Copies of the finished run, made while nobody owns the library: this many real ones would take minutes.
  await host.stop();
  const columns = execFileSync("sqlite3", [join(host.library, "quire.db"), "SELECT group_concat(name) FROM pragma_table_info('runs') WHERE name NOT IN ('id', 'key')"]).toString().trim();
  execFileSync("sqlite3", [join(host.library, "quire.db"), `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO runs (id, key, ${columns}) SELECT i, 'copy-' || i, ${columns} FROM runs, n WHERE id = 1;
    INSERT INTO run_texts SELECT r.id, t.input, t.options, t.result, t.error FROM runs r, run_texts t WHERE r.id > 1 AND t.run_id = 1;`]);
  await host.begin("127.0.0.1:0");
  page = await openPage();
  await page.goto(`${host.url}runs`);
  await page.locator(".run-row").first().waitFor();
  assert.equal(await page.locator(".run-row").count(), 50);
});

test("what the rehearsal model wrote is called a rehearsal: on the shelf, at the book, in the reader, at its run", async () => {
  const badge = page.locator(".tag", { hasText: "Rehearsal" });
  await page.goto(host.url);
  await page.locator(".cover-text .tag").waitFor();
  await page.locator(".cover-link").click();
  await page.locator(".book-title .tag").waitFor();
  await page.getByRole("link", { name: "Read it" }).click();
  await page.locator(".reader .tag").waitFor();
  await page.goto(`${host.url}runs/1`);
  await badge.first().waitFor();
  await page.goto(`${host.url}runs`);
  await page.locator(".run-row").first().waitFor();
});

test("older runs are a page of their own that can be gone back from", async () => {
  const first = await page.locator(".run-facts").first().innerText();
  assert.match(first, /Run 5000/);
  await page.getByRole("button", { name: "Older runs" }).click();
  await page.getByText("Run 4950,").waitFor();
  assert.match(page.url(), /after=/);
  await page.goBack();
  await page.getByText("Run 5000,").waitFor();
});

test("filters are in the address, and an address with filters shows them", async () => {
  await page.getByLabel("State").selectOption("failed");
  await page.getByText("No runs match.").waitFor();
  assert.match(page.url(), /status=failed/);
  await page.goto(`${host.url}runs?status=completed&pipeline=generate_book`);
  await page.locator(".run-row").first().waitFor();
  assert.equal(await page.getByLabel("State").inputValue(), "completed");
  await until("the pipelines are there to choose from", async () => (await page.getByLabel("Pipeline").inputValue()) === "generate_book");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.type), "search");
});

test("a title that is markup is words, on every screen", async () => {
  for (const at of ["", "runs", "runs/1", "runs/1?view=log", "runs/1?view=details"]) {
    await page.goto(host.url + at);
    await page.getByText("<b>bold</b>").first().waitFor();
    assert.equal(await page.locator("main b, main img[src=x]").count(), 0);
    assert.notEqual(await page.title(), "owned");
  }
});

test("the list is sound", async () => {
  await page.goto(`${host.url}runs`);
  await page.locator(".run-row").first().waitFor();
  await judge(page, "runs-many");
  page.assertClean();
});

await done();
