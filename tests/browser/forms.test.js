#!/usr/bin/env node
// forms.test.js - what an author fills in and brings along: files for the form, a draft in two windows, a cover; whole chapters instead of
// moving text.
import { execFileSync } from "node:child_process";
import { openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const OUTLINE = "# The keeper\n\nShe finds a log that is a day ahead.\n";
let host, page;

const file = (name, content) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) });

test("a brief comes from a file into the form; what is no text is refused in words", async () => {
  host = await startHost({ slow: "--latency 20" });
  page = await openPage();
  await page.goto(`${host.url}new`);
  await page.getByLabel("A brief from a file").setInputFiles(file("brief.txt", "A keeper finds a log."));
  await page.getByText("“brief.txt” is read: 5 words.").waitFor();
  assert.equal(await page.getByLabel(/^Brief/).inputValue(), "A keeper finds a log.");
  page.expected.push(/400/);
  await page.getByLabel("A brief from a file").setInputFiles(file("brief.doc", [0xd0, 0xcf, 0x00, 0xe0]));
  await page.getByText("“brief.doc” was not accepted").waitFor();
  assert.equal(await page.getByLabel(/^Brief/).inputValue(), "A keeper finds a log.", "what was there stays");
});

test("what the book will take is told beside the form, with its models, and that it is a rehearsal", async () => {
  const told = page.locator("q-forecast");
  await page.getByRole("radio", { name: /^The rehearsal model/ }).check();
  await told.getByText("A rehearsal.").waitFor();
  await told.getByText("rehearsal/novelist").waitFor();
  await page.getByRole("radio", { name: /^The models of your settings/ }).check();
  await told.getByText(/^Expected: /).waitFor();
});

test("an unpriced model keeps its warning and its limit in tokens when a later forecast fails", async () => {
  const tokens = page.getByLabel("Limit in tokens"), unknown = page.getByText("The price of slow/novelist is unknown");
  await tokens.waitFor();
  await page.route("**/api/forecast", (route) => route.fulfill({ status: 503, json: { error: { message: "No forecast." } } }));
  page.expected.push(/503/);
  const brief = page.getByLabel(/^Brief/);
  await brief.fill(`${await brief.inputValue()} It is a day ahead.`);
  await page.getByText("What it will take is not known yet: No forecast.").waitFor();
  assert.ok(await tokens.isVisible() && await unknown.isVisible(), "what was known of its price stands");
  await page.unroute("**/api/forecast");
});

test("a file that is too large is refused before it is sent", async () => {
  await page.getByLabel("A brief from a file").setInputFiles(file("huge.txt", Buffer.alloc(5 << 20, "a")));
  await page.getByText(/“huge.txt” has .*the limit is/).waitFor();
});

test("an outline goes with the book, word for word, and can be left out", async () => {
  await page.getByLabel("Your outline").setInputFiles(file("outline.md", OUTLINE));
  await page.getByText(/Your outline \(\d+ words\) is kept word for word/).waitFor();
  await page.getByRole("button", { name: "Leave it out" }).click();
  await page.getByText(/is kept word for word/).waitFor({ state: "detached" });
  await page.getByLabel("Your outline").setInputFiles(file("outline2.md", OUTLINE));
  await page.getByText(/is kept word for word/).waitFor();
});

test("the draft is there in another window, and of two that change it the second is told", async () => {
  await page.getByLabel("Title", { exact: true }).fill("The Lamp");
  await page.getByText("The draft is saved.").waitFor();
  const other = await openPage();
  other.expected.push(/412/);
  await other.goto(`${host.url}new`);
  await other.getByText("Your draft is here again.").waitFor();
  assert.equal(await other.getByLabel("Title", { exact: true }).inputValue(), "The Lamp");
  await page.getByLabel("Title", { exact: true }).fill("The Lamps");
  await until("the first window's change is saved", async () => JSON.stringify(await (await page.request.get(`${host.url}api/drafts/new-generate-book`)).json()).includes("The Lamps"));
  await other.getByLabel("Title", { exact: true }).fill("The Wick");
  await other.getByText(/changed in another window/).waitFor();
  other.assertClean();
  await other.close();
});

test("the book is written from what was brought", async () => {
  await page.getByLabel("Chapters", { exact: true }).fill("2");
  await page.getByLabel("Words per chapter").fill("300");
  await page.getByRole("button", { name: "Begin", exact: true }).click();
  await page.waitForURL(/\/runs\/1$/);
  await page.getByText("Finished", { exact: true }).waitFor({ timeout: 120_000 });
  assert.equal(await host.quire("artifact", "show", "the-lamps", "given/blueprint"), OUTLINE);
});

test("a cover of one's own is shown, and stands in the EPUB", async () => {
  await page.goto(`${host.url}books/the-lamps`);
  await page.getByLabel("A picture, PNG or JPEG").setInputFiles(file("drawing.gif", "GIF89a"));
  await page.getByText(/“drawing.gif” was not accepted: a cover is a PNG or JPEG picture/).waitFor();
  await page.getByLabel("A picture, PNG or JPEG").setInputFiles({ name: "cover.png", mimeType: "image/png", buffer: PIXEL });
  await page.getByRole("img", { name: "The cover that you uploaded" }).waitFor();
  assert.ok(await page.getByRole("img", { name: "The cover that you uploaded" }).evaluate((image) => image.decode().then(() => image.naturalWidth === 1)));
  await page.getByRole("button", { name: "Rebuild the files with it" }).click();
  await until("the files are made", async () => JSON.parse(await host.quire("runs", "--json")).filter((run) => run.status === "completed").length === 2);
  assert.deepEqual(execFileSync("unzip", ["-p", `${host.library}/exports/the-lamps/book.epub`, "EPUB/cover.png"]), PIXEL);
});

test("whole chapters instead of moving text, for who prefers that", async () => {
  await page.getByRole("button", { name: "Aa" }).click();
  await page.getByRole("radio", { name: "Show whole chapters only" }).check();
  await page.keyboard.press("Escape");
  await host.pace({ latency: 400 });
  await page.goto(`${host.url}new`);
  await page.getByLabel(/^Brief/).fill("A keeper finds a log.");
  await page.getByLabel("Title", { exact: true }).fill("Whole");
  await page.getByLabel("Chapters", { exact: true }).fill("2");
  await page.getByLabel("Words per chapter").fill("300");
  await page.getByRole("button", { name: "Begin", exact: true }).click();
  await page.getByText(/Chapter 2 of 2, .* is being written\. It appears here when it is finished\./).waitFor({ timeout: 120_000 });
  await page.getByText("Chapter 1 is finished").waitFor();
  await page.locator("article.page p").first().waitFor();
  assert.equal(await page.locator("q-live").count(), 0, "nothing moves");
  await host.pace({ latency: 0 });
  await page.getByText("Finished", { exact: true }).waitFor({ timeout: 120_000 });
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
