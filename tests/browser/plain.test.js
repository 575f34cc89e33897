#!/usr/bin/env node
// plain.test.js - reading and downloading without JavaScript.
import { judge, openPage } from "./lib/browser.js";
import { startHost } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

let host, page, bare;
const at = (path) => `${host.url}${path}`;

test("a book is found, read and taken along without a script", async () => {
  host = await startHost();
  await host.quire("run", "generate_book", "--set", "title=The Lamp", "--set", "brief=A keeper finds a log.", "--set", "chapters=3", "--set", "words_per_chapter=500", "--project", "lamp");
  bare = await openPage({ javaScriptEnabled: false });
  await bare.goto(at("read"));
  await bare.getByRole("link", { name: "The Lamp" }).click();
  await bare.waitForURL(at("read/lamp"));
  await bare.getByRole("heading", { name: "Contents" }).waitFor();
  const [download] = await Promise.all([bare.waitForEvent("download"), bare.getByRole("link", { name: "book.epub" }).click()]);
  assert.equal(download.suggestedFilename(), "lamp.epub");
  await bare.locator(".contents a").first().click();
  await bare.waitForURL(at("read/lamp/1"));
  await bare.getByRole("link", { name: "Next chapter" }).first().click();
  await bare.waitForURL(at("read/lamp/2"));
  await bare.getByRole("link", { name: "Previous chapter" }).first().waitFor();
  bare.assertClean();
});

test("the plain pages are as accessible as the others, in both themes", async () => {
  page = await openPage();
  for (const [path, name] of [["read", "plain-library"], ["read/lamp", "plain-book"], ["read/lamp/2", "plain-chapter"], ["read/nobody", "plain-missing"]]) {
    if (name === "plain-missing") page.expected.push(/404/);
    await page.goto(at(path));
    await judge(page, name);
  }
  page.assertClean();
});

test("paper gets the prose and nothing else", async () => {
  await page.goto(at("read/lamp/2"));
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav.steps").first().isVisible(), false);
  assert.equal(await page.locator("main.prose p").first().isVisible(), true);
});

await done();
