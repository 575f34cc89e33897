#!/usr/bin/env node
// shell.test.js - the page around every screen: header, theme, shortcuts, addresses that lead nowhere.
import { judge, openPage } from "./lib/browser.js";
import { MOST_BYTES, firstLoad } from "./first_load.js";
import { startHost } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

let host, page;

test("the first screen is there, and nothing is loaded from elsewhere", async () => {
  host = await startHost();
  page = await openPage();
  await page.goto(host.url);
  await page.getByRole("link", { name: "New" }).waitFor();
  assert.equal(await page.title(), "Quire");
});

test("? opens the list of shortcuts and Escape closes it", async () => {
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await judge(page, "shortcuts");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor({ state: "hidden" });
});

test("letters lead to screens, unless they are switched off", async () => {
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForURL(`${host.url}runs`);
  await page.getByRole("button", { name: "Aa" }).click();
  await page.getByRole("checkbox", { name: /Single-letter/ }).uncheck();
  await page.keyboard.press("Escape");
  await page.locator("h1").focus();
  await page.keyboard.press("n");
  assert.equal(page.url(), `${host.url}runs`);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
});

test("a chosen theme is there at the next load, before anything is painted", async () => {
  await page.getByRole("button", { name: "Aa" }).click();
  await judge(page, "appearance");
  await page.getByRole("radio", { name: "Lamplight" }).check();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.reload({ waitUntil: "commit" });
  await page.locator("h1").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.evaluate(() => localStorage.clear());
});

test("an address that leads nowhere says so and leads home", async () => {
  await page.goto(host.url);
  await page.evaluate(() => history.pushState({}, "", "nothing/here"));
  await page.goBack();
  await page.goForward();
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await judge(page, "missing");
});

test("the policy of the page refuses code that was smuggled in", async () => {
  await page.goto(host.url);
  page.expected.push(/Content Security Policy/);
  const ran = await page.evaluate(() => new Promise((tell) => {
    const script = document.createElement("script");
    script.textContent = "globalThis.smuggled = true";
    document.body.append(script);
    setTimeout(() => tell(globalThis.smuggled === true), 50);
  }));
  assert.equal(ran, false);
});

test("the first load stays small", async () => {
  const { bytes, requests } = await firstLoad(await openPage(), host.url);
  console.log(`# ${bytes} bytes in ${requests} requests`);
  assert.ok(requests > 5 && bytes > 5000 && bytes < MOST_BYTES, `${bytes} bytes`);
});

test("at 200% text size and in forced colours the page still holds together", async () => {
  await page.goto(host.url);
  await page.emulateMedia({ forcedColors: "active" });
  await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  await page.setViewportSize({ width: 640, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 640, `${wide} px`);
  await page.emulateMedia({ forcedColors: "none" });
});

test("a tab that is hidden holds no stream and takes it up again when it is shown", async () => {
  const open = page.waitForRequest(/api\/events/);
  await page.goto(`${host.url}runs`);
  const first = await open, show = (hidden) => page.evaluate((away) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await page.locator("q-header .connection").waitFor({ state: "detached" });
  const closed = page.waitForEvent("requestfailed", (request) => request === first);
  await show(true);
  await closed;
  const again = page.waitForRequest(/api\/events/);
  await show(false);
  await again;
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
