#!/usr/bin/env node
// scripts.test.js - the scripts' screens: what hides what, an editor with colours or without, check, save, rehearse, go back.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { judge, openPage } from "./lib/browser.js";
import { startHost } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

const SHORT = "scripts/lib/numbering"; // what judges a page takes ten seconds for an editor with 300 coloured lines
let host, page;
const at = (path) => `${host.url}${path}`;
const mine = (name) => join(host.library, name);
// The editor that this computer has, once it is there.
async function editor() {
  const { installed } = await (await page.request.get(at("vendor/codemirror"))).json();
  const field = page.locator(installed ? ".CodeMirror-code[contenteditable]" : "q-code > textarea");
  await field.waitFor();
  return field;
}
async function append(text) {
  await page.getByText(/\d+ lines, /).waitFor();
  await (await editor()).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(text);
  await page.getByText("Not saved yet").waitFor(); // the editor tells its text a moment after it was typed
}

test("scripts are listed by what they are for", async () => {
  host = await startHost();
  page = await openPage();
  await page.goto(at("scripts"));
  await page.getByRole("link", { name: "generate_book" }).waitFor();
  await page.getByText("No built-in script was changed.").waitFor();
  await judge(page, "scripts");
});

test("a phase opens in the editor, and Tab leads out of it", async () => {
  await page.getByRole("link", { name: "writing", exact: true }).click();
  await page.getByText(/\d+ lines, /).waitFor();
  await (await editor()).focus();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.closest("q-code")), null);
  await page.goto(at(SHORT));
  await page.getByText(/\d+ lines, /).waitFor();
  await editor();
  await judge(page, "script");
});

test("what would not run is said with its line, and is not saved", async () => {
  await append("\nx = = 1\n");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("heading", { name: /It would not run/ }).waitFor();
  await judge(page, "script-wrong");
  page.expected.push(/422/);
  await page.getByRole("button", { name: "Save into my library" }).click();
  await page.getByRole("button", { name: /^Line \d+/ }).click();
  await assert.rejects(stat(mine("scripts/lib/numbering.lua")));
  await page.getByRole("button", { name: "Discard" }).click();
});

test("a change is saved into the library, with a key, and the list says so", async () => {
  await page.goto(at("scripts/phases/writing"));
  await append("\n-- mine\n");
  await page.keyboard.press("Control+s");
  await page.getByText("Saved. It is used from the next run on.").waitFor();
  assert.match(await readFile(mine("scripts/phases/writing.lua"), "utf8"), /-- mine/);
  await page.getByText(/The version it overrides/).waitFor();
  await page.goto(at("scripts"));
  await page.getByText("1 script of your own.").waitFor();
  await judge(page, "scripts-mine");
});

test("one goes back to the shipped script", async () => {
  await page.goto(at("scripts/phases/writing"));
  await page.getByRole("button", { name: "Go back to the built-in one" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
  await page.getByText("The built-in script is active again.").waitFor();
  await assert.rejects(stat(mine("scripts/phases/writing.lua")));
});

test("a new pipeline is begun, saved and rehearsed for nothing", async () => {
  await page.goto(at("scripts"));
  await page.getByRole("button", { name: "New pipeline" }).click();
  await page.getByLabel("Its name").fill("limericks");
  await page.keyboard.press("Enter");
  await page.waitForURL(at("scripts/pipelines/limericks"));
  await page.getByText("New: nothing is saved yet.").waitFor();
  await editor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It is used from the next run on.").waitFor();
  await page.getByRole("button", { name: "Rehearse it" }).click();
  await page.getByRole("heading", { name: "The rehearsal went well" }).waitFor({ timeout: 90_000 });
  await judge(page, "script-rehearsed");
  assert.deepEqual((await (await page.request.get(at("api/runs"))).json()).items, []);
});

test("a script that somebody else saved meanwhile is not written over unseen", async () => {
  const current = await page.request.get(at("api/scripts/pipelines/limericks"));
  const { source } = await current.json();
  await page.request.put(at("api/scripts/pipelines/limericks"), { data: { source: `${source}-- theirs\n` }, headers: { "If-Match": current.headers().etag, "X-Quire-Csrf": "1" } });
  page.expected.push(/412/);
  await append("\n-- mine\n");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "It changed while you were editing" }).waitFor();
  await page.getByRole("button", { name: "Look first" }).click();
  assert.match(await readFile(mine("pipelines/limericks.lua"), "utf8"), /-- theirs/);
});

test("without CodeMirror a plain text field does the same", async () => {
  await page.route("**/vendor/codemirror", (route) => route.fulfill({ json: { installed: false } }));
  await page.goto(at("scripts/phases/structure"));
  await page.locator("q-code > textarea").waitFor();
  await judge(page, "script-plain");
  await page.locator("q-code > textarea").fill("x = = 1");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("button", { name: "Line 1" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.localName), "textarea");
  await page.getByRole("button", { name: "Discard" }).click();
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
