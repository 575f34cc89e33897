// browser.js - one Chromium a test file, pages that are watched while they are used, and what every screen is held to.
//
//   const page = await openPage({ width: 360, height: 780, theme: "dark" });
//   await page.goto(host.url + "runs");
//   await judge(page, "runs");          axe-core in light, its colours in dark: nothing serious or critical; screenshots when SCREENSHOTS names a folder
//   page.assertClean();                 no console error, no request to anybody but the host
import { mkdir, readFile, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { assert, cleanup } from "./tap.js";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb"];
export const SIZES = [[1440, 900], [768, 1024], [360, 780]];
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser = null;

async function launch() {
  if (browser) return browser;
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS, env: { ...process.env, HOME: await home() } });
  cleanup(() => browser.close());
  return browser;
}

// Chromium's own folders, gone afterwards.
async function home() {
  const dir = await mkdtemp(join(process.env.TMPDIR ?? tmpdir(), "quire-chromium."));
  cleanup(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

// `expected`: console errors that a test provokes, as regular expressions.
export async function openPage({ width = 1440, height = 900, theme = "light", ...more } = {}) {
  const context = await (await launch()).newContext({ viewport: { width, height }, colorScheme: theme, ...more });
  const page = await context.newPage();
  const troubles = [];
  page.expected = [];
  page.setDefaultTimeout(30_000);
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["127.0.0.1", "localhost"].includes(url.hostname) && url.protocol !== "data:" && url.protocol !== "blob:") troubles.push(`a request left the host: ${url}`);
  });
  page.assertClean = () => {
    const left = troubles.filter((text) => !page.expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(left, [], "the page had nothing to complain about");
  };
  return page;
}

// A theme changes colours and nothing else: the second is looked at for those alone.
const RULES = { light: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], dark: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };

async function findings(page, theme) {
  // Evaluated by the driver, past the page's own policy, which rightly refuses inline scripts. Once a document: it is half a megabyte to read.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const result = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), RULES[theme]);
  return result.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 4).map((node) => `  ${node.html}\n  ${node.failureSummary}`).join("\n")}`);
}

// A page that is wider than its window makes people scroll sideways.
async function assertReflows(page, name) {
  const { wide, width } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(wide <= width, `${name} is ${wide} px wide in a window of ${width}`);
}

async function screenshots(page, name) {
  const dir = process.env.SCREENSHOTS;
  if (!dir) return;
  await mkdir(dir, { recursive: true });
  const before = page.viewportSize();
  for (const [width, height] of SIZES)
    for (const theme of ["light", "dark"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(dir, `${name}-${width}-${theme}.png`), fullPage: true });
    }
  await page.setViewportSize(before);
}

export async function judge(page, name) {
  const before = page.viewportSize();
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    assert.deepEqual(await findings(page, theme), [], `${name}, ${theme}`);
  }
  for (const width of [320, 768]) {
    await page.setViewportSize({ width, height: 800 });
    await assertReflows(page, name);
  }
  await page.setViewportSize(before);
  await screenshots(page, name);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
}
