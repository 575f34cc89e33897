#!/usr/bin/env node
// connection.test.js - a page whose stream is refused, silent or cut still shows what happens: it asks instead, or takes the stream anew.
import http from "node:http";
import { openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, cleanup, done, test } from "./lib/tap.js";

const STREAMS_MOST = 2000, AN_HOUR = 3600_000;
let host, page;
const finished = (number) => page.locator(".run-row").filter({ hasText: `Run ${number},` }).getByText("Finished", { exact: true }).waitFor();
const book = () => host.quire("run", "generate_book", "--set", "title=The Lamp", "--set", "brief=A lamp.", "--set", "chapters=1", "--set", "words_per_chapter=300", "--quiet");

// Takes streams until the host has none left.
async function takeAllStreams() {
  const taken = [];
  cleanup(() => taken.forEach((request) => request.destroy()));
  const one = () => new Promise((tell) => {
    const request = http.get(`${host.url}api/events`, { agent: false }, (answer) => {
      answer.resume();
      answer.on("error", () => {});
      if (answer.statusCode === 200) taken.push(request);
      tell(answer.statusCode);
    });
    request.on("error", () => tell(0));
  });
  let status = 200;
  while (status === 200 && taken.length < STREAMS_MOST) status = await one();
  assert.equal(status, 503, "the host says when it has no stream left");
  const filling = setInterval(one, 50); // the page's own stream is given back once the host notices that it is gone
  cleanup(() => clearInterval(filling));
}

test("a run that begins and ends while the page is open is there without a reload", async () => {
  host = await startHost();
  page = await openPage();
  await page.goto(`${host.url}runs`);
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  await book();
  await finished(1);
});

test("a laptop that slept for an hour finds its stream dead and takes a new one", async () => {
  // The page's clock jumps, its stream says nothing: what is seen when the lid is opened again.
  page = await openPage();
  await page.clock.install();
  const open = page.waitForRequest(/api\/events/);
  await page.goto(`${host.url}runs`);
  const slept = await open;
  await finished(1);
  await page.locator("q-header .connection").waitFor({ state: "detached" });
  const cut = page.waitForEvent("requestfailed", (request) => request === slept), again = page.waitForRequest(/api\/events/);
  await page.clock.fastForward(AN_HOUR);
  await Promise.all([cut, again]);
  await book();
  await finished(2);
});

test("a host that goes and comes back on its address is found again, and nothing is missed", async () => {
  page.expected.push(/ERR_/);
  await host.stop();
  await page.locator("q-header .connection").getByText("Reconnecting…").waitFor();
  await book(); // by a process of its own, while nobody serves
  await host.begin(host.address);
  await finished(3);
  await until("the page is live again", async () => (await page.locator("q-header .connection").count()) === 0);
});

test("without a free stream the page asks by polling and says that it is a little late", async () => {
  await takeAllStreams();
  page.expected.push(/503/);
  await page.reload();
  await page.locator("q-header .connection").getByText("Live, with a short delay").waitFor();
  await book();
  await finished(4);
});

test("a host that has no thread for a moment is asked again: what a person asked for is done, once, and no error is shown", async () => {
  const busy = { error: { code: "busy", message: "all threads of this server are at work", hint: "" } };
  let asked = 0;
  await page.route(/api\/backup$/, (route) => asked++ < 2 ? route.fulfill({ status: 503, headers: { "Retry-After": "1" }, json: busy }) : route.continue());
  await page.goto(`${host.url}settings`);
  await page.getByRole("button", { name: "Make a backup" }).click();
  await page.getByText(/checked: /).waitFor();
  assert.equal(asked, 3, "it was refused twice and then done");
  assert.equal(await page.getByText("The backup was not made").count(), 0);
});

test("the page had no errors but those of the cut line", () => page.assertClean());

await done();
