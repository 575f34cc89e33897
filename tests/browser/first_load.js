#!/usr/bin/env node
// first_load.js - what the first screen costs, for `make bench`: bytes over the wire, requests, and when something is on the screen. A
// fresh browser profile each time, so nothing comes from a cache.
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openPage } from "./lib/browser.js";
import { startHost } from "./lib/host.js";
import { done, test } from "./lib/tap.js";

const TIMES = 5;
export const MOST_BYTES = 100 * 1024;

// Bytes and requests of one load, as the browser counted them, and the first contentful paint.
export async function firstLoad(page, url) {
  const session = await page.context().newCDPSession(page), load = { bytes: 0, requests: 0 };
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    load.bytes += encodedDataLength;
    load.requests++;
  });
  await page.goto(url);
  await page.locator("main h1").first().waitFor();
  load.paint_ms = await page.evaluate(() => new Promise((tell) => {
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    if (painted() !== undefined) tell(painted());
    else new PerformanceObserver(() => painted() !== undefined && tell(painted())).observe({ type: "paint", buffered: true });
  }));
  return load;
}

if (fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  test("first load", async () => {
    const host = await startHost(), loads = [];
    for (let i = 0; i < TIMES; i++) loads.push(await firstLoad(await openPage(), host.url));
    const paints = loads.map((load) => load.paint_ms).sort((a, b) => a - b), { bytes, requests } = loads.at(-1);
    console.log(`# first load: ${(bytes / 1024).toFixed(1)} KB in ${requests} requests (target: under ${MOST_BYTES / 1024} KB)`);
    console.log(`# first contentful paint: median ${paints[TIMES >> 1].toFixed(0)} ms, worst ${paints.at(-1).toFixed(0)} ms of ${TIMES} (target: under 300 ms)`);
  });
  await done();
}
