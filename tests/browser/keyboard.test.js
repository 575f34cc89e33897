#!/usr/bin/env node
// keyboard.test.js - the story without a pointer: begin a rehearsal, decide, look at the run, open the book. Only keys; what has the focus
// can be seen.
import { openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

const MOST_TABS = 80;
let host, page;

const focused = () => page.evaluate(() => {
  const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
  const words = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
  return { page: node === document.body, words: words.trim(), outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, inView: box.bottom > 0 && box.top < innerHeight, hit: box.width > 0 && box.height >= 16 };
});

// Presses Tab until what has the focus is called so; each stop on the way can be seen.
async function tabTo(name) {
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press("Tab");
    const stop = await focused();
    if (stop.page) continue; // past the last one: the browser's own bar, then the first again
    // Scrolling to it may take the browser a frame or two.
    if (stop.words && stop.hit) await until(`the focus on "${stop.words.slice(0, 40)}" can be seen`, async () => (({ outlined, inView }) => outlined && inView)(await focused()));
    if (name.test(stop.words)) return;
  }
  assert.fail(`Tab never came to ${name}`);
}

test("the first Tab leads past the header", async () => {
  host = await startHost();
  page = await openPage();
  await page.goto(host.url);
  await page.getByRole("heading", { name: "No books yet." }).waitFor();
  await page.keyboard.press("Tab");
  assert.match((await focused()).words, /Skip to the page/);
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
});

test("a rehearsal begins, and its question is found", async () => {
  await tabTo(/Write a rehearsal book/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\/1$/);
  await page.getByRole("link", { name: "Read and decide" }).waitFor();
  await tabTo(/^Read and decide/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Approve the blueprint/ }).waitFor();
});

test("after a navigation the heading has the focus", async () => {
  await page.waitForFunction(() => document.activeElement.localName === "h1" || document.activeElement.localName === "body");
});

test("the blueprint is edited and approved", async () => {
  await tabTo(/^Read$/);
  await page.keyboard.press("ArrowRight");
  await page.getByLabel(/^Premise/).waitFor();
  await tabTo(/^Premise/);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("She reads tomorrow.");
  assert.equal(await page.evaluate(() => document.activeElement.value), "She reads tomorrow.", "a long text that becomes short is typed to its end");
  assert.match((await focused()).words, /^Premise/);
  await tabTo(/^Approve with my edits/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\/1$/);
  await page.getByText("Finished", { exact: true }).waitFor();
});

test("tabs of the run by number, the log by Tab, dialogs give the focus back", async () => {
  await page.keyboard.press("4");
  await page.locator(".log-line").first().waitFor();
  await page.keyboard.press("1");
  await tabTo(/^Write it again/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match((await focused()).words, /Write it again/);
});

test("the book is open", async () => {
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.getByRole("link", { name: /The Day Ahead/ }).waitFor();
  await tabTo(/The Day Ahead/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/books\/the-day-ahead/);
  await page.getByRole("heading", { level: 1 }).waitFor();
  page.assertClean();
});

await done();
