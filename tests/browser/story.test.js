#!/usr/bin/env node
// story.test.js - the whole story in a browser: an empty desk, a book, the blueprint approved with an edit, text that arrives, a host that is
// killed and goes on, a note, the finished book. The models answer over HTTP and take their time, so that there is something to see.
import { readFile } from "node:fs/promises";
import { judge, openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

const PREMISE = "A keeper reads tomorrow in another hand.";
let host, page, run;

const state = async () => JSON.parse(await host.quire("show", run, "--json"));
// What the host refuses while it is being started again.
const GONE = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_EMPTY_RESPONSE/, /ERR_NETWORK/];

test("an empty desk offers a rehearsal book", async () => {
  host = await startHost({ slow: "--latency 600 --chunks 60" });
  page = await openPage();
  page.expected.push(...GONE);
  await page.goto(host.url);
  await page.getByRole("heading", { name: "No books yet." }).waitFor();
  await page.getByRole("button", { name: "Write a rehearsal book" }).waitFor();
  await judge(page, "home-empty");
});

test("a book is begun from the pipeline's own form", async () => {
  await page.getByRole("link", { name: "Begin a book of your own" }).click();
  await page.getByLabel(/^Brief/).waitFor();
  await judge(page, "new");
  await page.getByLabel(/^Brief/).fill("A lighthouse keeper finds that her predecessor's log goes on by itself, one day ahead of her.");
  await page.getByLabel("Title").fill("The Day Ahead");
  await page.getByLabel("Chapters", { exact: true }).fill("4");
  await page.getByLabel("Words per chapter").fill("700");
  await page.getByLabel(/^Review/).check();
  await page.getByRole("button", { name: "Begin", exact: true }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  run = page.url().split("/").pop();
  await page.getByRole("heading", { name: "The Day Ahead", level: 1 }).waitFor();
});

test("what the planner thinks can be followed", async () => {
  await page.locator(".column .thought").first().waitFor();
});

test("the blueprint is approved with an edit, and the edit is what counts", async () => {
  await page.getByRole("link", { name: "Read and decide" }).click();
  await page.getByRole("heading", { name: /Approve the blueprint/ }).waitFor();
  await judge(page, "gate");
  await page.getByRole("radio", { name: "Edit as a form" }).check({ force: true });
  await page.getByLabel("Premise").fill(PREMISE);
  await judge(page, "gate-form");
  await page.getByRole("radio", { name: "Your changes" }).check({ force: true });
  await page.locator("ins").first().waitFor();
  await judge(page, "gate-changes");
  await page.getByRole("button", { name: "Approve with my edits" }).click();
  await page.waitForURL(`${host.url}runs/${run}`);
  const blueprint = await until("the blueprint is saved", () => host.quire("artifact", "show", "the-day-ahead", "blueprint.json").catch(() => ""));
  assert.ok(blueprint.includes(PREMISE), blueprint);
});

test("a chapter can be read while it is written", async () => {
  await host.pace({ latency: 300 });
  await page.locator(".phases .now").getByText("Writing").waitFor();
  await host.pace({ latency: 9000 }); // each thing can be looked at while it is written, however busy the machine is
  const text = page.locator(".column .written p");
  await text.first().waitFor();
  const before = (await page.locator(".column").innerText()).length;
  await page.waitForFunction((n) => document.querySelector(".column").innerText.length > n + 50, before);
  await judge(page, "run-live");
});

test("the column follows at its end only; scrolling away stops it, a button leads back", async () => {
  const column = page.locator(".column"), atEnd = () => column.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight < 60);
  await page.waitForFunction(() => { const c = document.querySelector(".column"); return c.scrollHeight > c.clientHeight + 100; });
  assert.ok(await atEnd(), "it follows");
  await column.evaluate((node) => { node.scrollTop = 0; });
  const jump = page.getByRole("button", { name: "Jump to live" });
  await jump.waitFor();
  const length = (await column.innerText()).length;
  await page.waitForFunction((n) => document.querySelector(".column").innerText.length > n, length);
  assert.equal(await column.evaluate((node) => node.scrollTop), 0, "what is read stays where it is");
  await jump.click();
  await jump.waitFor({ state: "hidden" });
  assert.ok(await atEnd());
});

test("the host is killed while the page is open, and the page goes on with the run", async () => {
  const { pid } = await host.owner(), calls = (await state()).calls;
  await host.kill();
  await until("another host has the library", async () => (await host.owner().catch(() => ({}))).pid !== pid);
  await page.waitForFunction(() => document.querySelector("q-header .connection") === null);
  await until("the run goes on", async () => (await state()).calls > calls);
  const length = (await page.locator(".column").innerText()).length;
  await page.waitForFunction((n) => document.querySelector(".column").innerText.length > n, length);
});

test("a pause lets the call end; going on says what it would ask again", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Resume…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Resume “/ });
  await dialog.getByRole("checkbox", { name: /The current scripts/ }).check();
  await judge(page, "resume");
  await dialog.getByRole("checkbox", { name: /The current scripts/ }).uncheck();
  await dialog.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("Being written", { exact: true }).waitFor();
});

test("a note to the writer is taken down", async () => {
  await page.getByLabel("Note to the writer").fill("Let the fog be yellow.");
  await page.getByRole("button", { name: "Send the note" }).click();
  await page.locator(".notes").getByText("Let the fog be yellow.").waitFor();
});

test("the finished book is one click away", async () => {
  await host.pace({ latency: 0 });
  await page.getByText("Finished", { exact: true }).waitFor({ timeout: 180_000 });
  assert.equal((await state()).status, "completed");
  await judge(page, "run-finished");
});

test("a chapter is rewritten with an instruction, beside the old one", async () => {
  await page.getByRole("link", { name: "Open the book" }).click();
  await page.goto(`${host.url}books/the-day-ahead/chapters/2`);
  await page.getByRole("button", { name: "Rewrite…" }).click();
  await page.getByRole("textbox").fill("Let it rain, and let nobody mention it.");
  await page.getByRole("button", { name: "Rewrite it" }).click();
  await until("there are two versions", async () => JSON.parse(await host.quire("artifact", "history", "the-day-ahead", "chapters/02.md", "--json")).length > 1);
});

test("the EPUB comes down as a file", async () => {
  await page.goto(`${host.url}books/the-day-ahead`);
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: /epub/i }).first().click();
  const download = await coming;
  assert.match(download.suggestedFilename(), /\.epub$/);
  assert.equal((await readFile(await download.path())).subarray(30, 58).toString(), "mimetypeapplication/epub+zip");
});

test("time, money, log and calls of the run can be looked at", async () => {
  for (const [view, ready] of [["timeline", "table.timeline tbody tr"], ["money", "table.money tbody tr"], ["log", ".log-line"], ["details", "pre"]]) {
    await page.goto(`${host.url}runs/${run}?view=${view}`);
    await page.locator(ready).first().waitFor();
    await judge(page, `run-${view}`);
  }
  await page.goto(`${host.url}runs/${run}?view=timeline`);
  await page.getByRole("button", { name: /Writing/ }).click();
  await page.getByRole("link", { name: "writer" }).first().waitFor();
  await page.getByRole("link", { name: "writer" }).first().click();
  await page.getByRole("heading", { name: /^Call \d+, writer/ }).waitFor();
  await judge(page, "call");
  const permalink = page.locator(".log-line.phase .log-time").first();
  await page.goto(`${host.url}runs/${run}?view=log`);
  await permalink.click();
  await page.locator(".log-line.chosen").waitFor();
});

test("the book stands on the shelf", async () => {
  await page.goto(host.url);
  await page.getByRole("link", { name: /The Day Ahead/ }).waitFor();
  await judge(page, "home");
  await page.goto(`${host.url}runs`);
  await page.getByRole("link", { name: "The Day Ahead" }).first().waitFor();
  await judge(page, "runs");
});

test("no error on the way, and nobody but the host was asked", () => page.assertClean());

await done();
