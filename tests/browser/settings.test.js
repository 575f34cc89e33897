#!/usr/bin/env node
// settings.test.js - settings and health: a provider is tried, a key goes in and is never shown, a backup, a password and signing out.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { judge, openPage } from "./lib/browser.js";
import { startHost } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

let host, page;
const at = (path) => `${host.url}${path}`;
const KEY = "sk-never-shown-0123456789";

test("health, providers, limits and where each setting comes from", async () => {
  host = await startHost({ slow: "", settings: "  limits = { run_usd = 7 }," });
  page = await openPage();
  await page.goto(at("settings"));
  await page.getByRole("heading", { name: "Health", exact: true }).waitFor();
  await page.getByText("New runs are started.").waitFor();
  await page.getByRole("row", { name: /limits\.run_usd 7 quire\.lua/ }).waitFor();
  await page.getByText("Nothing has failed.").waitFor();
  await judge(page, "settings");
});

test("a provider is tried with one word", async () => {
  await page.getByRole("button", { name: "Test slow" }).click();
  await page.getByText(/Answers in \d+ ms, as slow\/novelist/).waitFor();
  await page.getByLabel("Model of ollama to try").fill("nothing-there");
  await page.getByRole("button", { name: "Test ollama" }).click();
  await page.getByText(/Does not answer .*cannot be reached/).waitFor();
  await judge(page, "settings-tested");
});

test("the models that a provider has are found, and a server on this computer only when one looks", async () => {
  await page.getByRole("button", { name: "Models of slow" }).click();
  const there = page.locator(".provider", { hasText: "slow" }).getByText("1 model", { exact: true });
  await there.click();
  await page.getByText("1,000,000 tokens of context").first().waitFor();
  page.expected.push(/503/); // of the usual addresses where no server answers
  await page.getByRole("button", { name: "Look for servers" }).click();
  await page.getByText("quire setup slow/rehearsal").waitFor();
  await page.locator("#roles ~ dl .quiet", { hasText: /free|price unknown/ }).first().waitFor();
  await judge(page, "settings-found");
});

test("a key goes in and is never shown", async () => {
  await page.getByRole("button", { name: "Set key… for openai" }).click();
  const dialog = page.getByRole("dialog", { name: "Key for openai" });
  await judge(page, "key");
  await page.keyboard.type(KEY);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText("set, kept in the library").waitFor();
  assert.equal(await readFile(join(host.library, "keys/openai"), "utf8"), KEY);
  assert.ok(!(await page.content()).includes(KEY));
  await page.getByRole("button", { name: "Forget the key of openai" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget it" }).click();
  await page.getByText("The key is forgotten.").waitFor();
});

test("a backup is made with one button", async () => {
  await page.getByRole("button", { name: "Make a backup" }).click();
  await page.getByText(/checked: /).waitFor();
  assert.equal((await readdir(join(host.library, "backups"))).length, 1);
});

test("with a password everything is behind the sign-in page, and one can sign out", async () => {
  page.expected.push(/401/);
  await page.getByRole("button", { name: /Set a password/ }).click();
  await page.keyboard.type("correct horse battery");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/login/);
  await page.getByLabel("Password").waitFor();
  await judge(page, "login");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL((url) => !url.pathname.endsWith("/login"));
  await page.goto(at("settings"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/login/);
  const answer = await page.request.get(at("api/settings"));
  assert.equal(answer.status(), 401);
});

test("whoever asked for a page gets it after signing in, however many requests were refused at once", async () => {
  await page.goto(at("runs?status=failed"));
  await page.evaluate(() => { for (let i = 0; i < 5; i++) document.dispatchEvent(new CustomEvent("quire:signed-out")); });
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL(at("runs?status=failed"));
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
