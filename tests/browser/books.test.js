#!/usr/bin/env node
// books.test.js - a book's screens as an author uses them: contents, reading, cast, editing, versions, proposals, rewriting; a series.
import { sql } from "./lib/sqlite.js";
import { judge, openPage } from "./lib/browser.js";
import { startHost, until } from "./lib/host.js";
import { assert, done, test } from "./lib/tap.js";

let host, page;
const at = (path) => `${host.url}${path}`;
const document_ = async (name) => (await page.request.get(at(`api/projects/lamp/artifacts/${name}`))).json();
const finished = (count) => until("the runs are over", async () => {
  const { items } = await (await page.request.get(at("api/runs"))).json();
  return items.length === count && items.every((run) => run.status === "completed");
});

test("the contents show chapters with length, viewpoint and what is still open", async () => {
  host = await startHost();
  await host.quire("run", "generate_book", "--set", "title=The Lamp", "--set", "brief=A keeper finds a log.", "--set", "chapters=3", "--set", "words_per_chapter=900", "--project", "lamp");
  await host.quire("run", "generate_series", "--set", "title=The Coast", "--set", "brief=Three winters.", "--set", "books=2", "--set", "chapters=2", "--set", "words_per_chapter=400", "--project", "coast");
  page = await openPage();
  await page.goto(at("books/lamp"));
  await page.getByRole("heading", { name: "The Lamp" }).waitFor();
  await page.getByText(/\d+ words · \d+ minutes? to read/).waitFor();
  assert.equal(await page.locator("table.chapters tbody tr:not(.part)").count(), 3);
  await page.getByRole("link", { name: "EPUB" }).waitFor();
  await judge(page, "book");
});

test("what was found in a chapter is dismissed with a reason, stays away, and can be taken back", async () => {
  const finding = (key, more) => ({ key, check: "doubled_words", title: "Doubled words", chapter: 2, quote: "the the", problem: "\"the\" stands there twice.", certain: false, reads: ["chapters/02.md"], ...more });
  const content = JSON.stringify({ number: 2, versions: { "chapters/02.md": 1 },
    findings: [finding("doubled_words.2.a"), finding("broken_off.2", { title: "Broken off", quote: "", problem: "The scene breaks off in the middle of a sentence.", certain: true })] });
  const saved = await page.request.put(at("api/projects/lamp/artifacts/findings/02.json"), { headers: { "X-Quire-Csrf": "1" }, data: { content, expected: -1 } });
  assert.ok(saved.ok(), await saved.text());
  await page.goto(at("books/lamp"));
  const place = page.locator(".finding", { hasText: "stands there twice" });
  await place.getByText("the the", { exact: true }).waitFor();
  await judge(page, "findings");
  await place.getByRole("button", { name: /^Dismiss/ }).click();
  await page.getByLabel("Why (optional)").fill("He stammers.");
  await page.getByRole("button", { name: "Dismiss it" }).click();
  await page.getByText("1 finding dismissed").click();
  await place.getByText("Because: He stammers.").waitFor();
  assert.equal((await document_("dismissed.json")).author, "person");
  await judge(page, "findings-dismissed");
  await place.getByRole("button", { name: "Take back" }).click();
  await page.getByText("1 finding dismissed").waitFor({ state: "detached" });
  await place.getByRole("button", { name: /^Dismiss/ }).waitFor();
});

test("the book goes home as a file", async () => {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "EPUB" }).click()]);
  assert.equal(download.suggestedFilename(), "lamp.epub");
});

test("a chapter is read with the keyboard alone, and one goes on where one stopped", async () => {
  await page.getByRole("link", { name: "Read it" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(at("books/lamp/chapters/1"));
  await page.locator("article.prose p").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.localName), "h1");
  await judge(page, "reader");
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^Chapter 2 of 3/).waitFor();
  await page.locator("article.prose p").nth(8).waitFor();
  await page.locator("article.prose p").nth(8).evaluate((p) => scrollTo(0, p.getBoundingClientRect().top + scrollY - document.querySelector("q-header").offsetHeight + 4));
  const block = await page.locator("article.prose > *").evaluateAll((all) => all.indexOf(all.filter((b) => b.localName === "p")[8]));
  await page.waitForFunction((i) => JSON.parse(localStorage.getItem("quire-place lamp"))?.block === i, block);
  await page.keyboard.press("c");
  await page.getByRole("link", { name: /^Continue reading/ }).click();
  await page.waitForURL(at("books/lamp/chapters/2"));
  await page.waitForFunction(() => scrollY > 100);
  const top = await page.locator("article.prose p").nth(8).evaluate((p) => p.getBoundingClientRect().top);
  assert.ok(top > -60 && top < 140, `the paragraph lies at ${top}`);
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(at("books/lamp/chapters/1"));
});

test("the text grows with a key and stays so", async () => {
  const size = () => page.locator("article.prose").evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
  await page.locator("article.prose p").first().waitFor();
  const before = await size();
  await page.keyboard.press("+");
  await page.waitForFunction(() => document.documentElement.dataset.size === "l");
  assert.ok((await size()) > before);
  await page.keyboard.press("-");
});

test("the cast and the promises are as the pipeline left them", async () => {
  await page.goto(at("books/lamp/cast"));
  const { cast } = JSON.parse((await document_("blueprint.json")).content), { promises } = JSON.parse((await document_("structure.json")).content);
  await page.getByRole("heading", { name: cast[0].name }).first().waitFor();
  assert.equal(await page.locator(".person").count(), cast.length);
  assert.equal(await page.locator(".promises tbody tr").count(), promises.length);
  await judge(page, "cast");
});

test("what a model wrote where a name was hoped for is shown as text: it makes no element, and the page still stands", async () => {
  const role = { tag: "q-cover", props: { innerHTML: "<b id='foreign'></b>" }, children: [] };
  const put = (name, content) => page.request.put(at(`api/projects/coast/artifacts/${name}`), { headers: { "X-Quire-Csrf": "1" }, data: { content: JSON.stringify(content) } });
  assert.equal((await put("blueprint.json", { cast: [{ name: "Keira", role }, { name: { first: "Ada" } }, null, 7] })).status(), 200);
  assert.equal((await put("structure.json", { promises: { none: true } })).status(), 200);
  await page.goto(at("books/coast/cast"));
  await page.getByText('{"tag":"q-cover"').waitFor();
  assert.equal(await page.locator(".person").count(), 2);
  assert.equal(await page.locator("#foreign").count(), 0);
});

test("all documents are there, in an author's words", async () => {
  await page.goto(at("books/lamp/documents"));
  await page.getByRole("link", { name: "Blueprint", exact: true }).waitFor();
  await judge(page, "documents");
});

test("a chapter is edited, saved with a key, and read", async () => {
  await page.goto(at("books/lamp/documents/chapters/01.md"));
  const field = page.getByRole("textbox", { name: "Text, in Markdown" });
  await field.waitFor();
  await judge(page, "edit");
  await field.fill("# By hand\n\nOne <b>bold</b> line, by a person.\n");
  await page.getByText("Not saved yet").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText(/Saved as version \d/).waitFor();
  assert.equal((await document_("chapters/01.md")).author, "person");
  await page.getByRole("link", { name: "Read", exact: true }).last().click();
  await page.getByText("One <b>bold</b> line, by a person.").waitFor();
});

test("an edit that was not saved is back after the tab was closed", async () => {
  await page.goto(at("books/lamp/documents/chapters/02.md"));
  await page.getByRole("textbox").fill("# Half\n\nHalf a thought");
  await page.waitForFunction(() => localStorage.getItem("quire-edit lamp chapters/02.md"));
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  await page.waitForFunction(() => document.querySelector("textarea")?.value.includes("Half a thought"));
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("button", { name: "Discard it" }).click();
  await page.waitForFunction(() => !document.querySelector("textarea").value.includes("Half a thought"));
});

test("a document that changed meanwhile is not written over unseen", async () => {
  await page.goto(at("books/lamp/documents/blurb.md"));
  await page.getByRole("textbox").fill("Mine.");
  const { version } = await document_("blurb.md");
  await page.request.put(at("api/projects/lamp/artifacts/blurb.md"), { data: { content: "Theirs.", kind: "markdown" }, headers: { "If-Match": `"v${version}"`, "X-Quire-Csrf": "1" } });
  page.expected.push(/412/);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "It changed while you were editing" }).waitFor();
  await page.getByRole("button", { name: "Show what changed there" }).click();
  await page.locator("q-diff ins").first().waitFor();
  await judge(page, "conflict");
  await page.getByRole("button", { name: "Save mine as the newest" }).click();
  await page.getByText(/Saved as version/).waitFor();
  const history = await (await page.request.get(at("api/projects/lamp/history/blurb.md"))).json();
  assert.equal(history.length, version + 2);
  assert.equal((await document_("blurb.md")).content, "Mine.");
});

test("JSON is edited as a form: texts, lists with add, up, down and remove", async () => {
  const content = JSON.stringify({ ...JSON.parse((await document_("blueprint.json")).content), titles: ["The Lamp", "The Log"] });
  assert.ok((await page.request.put(at("api/projects/lamp/artifacts/blueprint.json"), { headers: { "X-Quire-Csrf": "1" }, data: { content, expected: -1 } })).ok());
  await page.goto(at("books/lamp/documents/blueprint.json"));
  await page.getByRole("textbox", { name: "Premise" }).fill("Another premise.");
  await page.getByRole("button", { name: "Move Titles 2 up" }).click();
  await judge(page, "form");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/Saved as version 3/).waitFor();
  const saved = JSON.parse((await document_("blueprint.json")).content);
  assert.equal(saved.premise, "Another premise.");
  assert.deepEqual(saved.titles, ["The Log", "The Lamp"]);
  assert.ok(Array.isArray(saved.cast) && saved.cast.length > 0);
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.getByRole("textbox", { name: "JSON" }).fill("{ no");
  await page.getByText("This is not JSON yet").waitFor();
  assert.ok(await page.getByRole("button", { name: "Save", exact: true }).isDisabled());
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("button", { name: "Discard it" }).click();
});

test("two versions are compared word by word, and an older one comes back as a new one", async () => {
  await page.goto(at("books/lamp/versions/chapters/01.md"));
  await page.locator("q-diff ins").first().waitFor();
  await judge(page, "versions-side");
  await page.getByRole("button", { name: "In one column" }).click();
  await page.locator(".diff:not(.sides) del").first().waitFor();
  await judge(page, "versions");
  const before = await document_("chapters/01.md");
  await page.getByRole("button", { name: "Restore Version 1" }).click();
  await page.getByText("Version 1 is the text again").waitFor();
  const after = await document_("chapters/01.md");
  assert.equal(after.version, before.version + 1);
  assert.notEqual(after.content, before.content);
});

test("a chapter is rewritten with an instruction: a new version beside the old", async () => {
  await page.goto(at("books/lamp/chapters/3"));
  await page.locator("article.prose p").first().waitFor();
  const before = (await document_("chapters/03.md")).version;
  await page.keyboard.press("w");
  const dialog = page.getByRole("dialog", { name: "Rewrite chapter 3" });
  await dialog.waitFor();
  await judge(page, "rewrite");
  await page.keyboard.type("More rain.");
  await dialog.getByRole("button", { name: "Rewrite it" }).click();
  await page.getByText("Chapter 3 is being rewritten.").waitFor();
  await finished(3);
  assert.equal((await document_("chapters/03.md")).version, before + 1);
});

test("what a rewriting touched in later chapters is told where it was rewritten", async () => {
  const content = JSON.stringify({ chapter: 3, version: (await document_("chapters/03.md")).version, impact: [{ chapter: 4, who: "Ada", what: "has", value: "the lantern", change: "gone", why: "Ada lifted the lantern." }] });
  const { version } = await document_("impact/03.json");
  await page.request.put(at("api/projects/lamp/artifacts/impact/03.json"), { data: { content, kind: "json" }, headers: { "If-Match": `"v${version}"`, "X-Quire-Csrf": "1" } });
  await page.goto(at("books/lamp/chapters/3"));
  await page.getByText("1 place in later chapters may lean on what the rewriting changed").click();
  await page.getByText("Ada lifted the lantern.").waitFor();
  await judge(page, "impact");
});

test("a run's proposal over a person's text waits for the person: kept or taken", async () => {
  const propose = (name) => sql(host, `INSERT INTO artifact_versions (artifact_id, number, kind, author, state, run_id, size, blob_id, created_at)
    SELECT h.artifact_id, (SELECT max(number) + 1 FROM artifact_versions WHERE artifact_id = h.artifact_id), h.kind, 'run', 'proposal', 1, o.size, o.blob_id, h.created_at
    FROM artifacts a JOIN artifact_versions h ON h.id = a.head JOIN artifact_versions o ON o.artifact_id = a.id AND o.number = 1
    WHERE a.name = '${name}' AND a.project_id = (SELECT id FROM projects WHERE slug = 'lamp')`);
  const edit = async (content) => page.request.put(at("api/projects/lamp/artifacts/chapters/02.md"),
    { data: { content, kind: "markdown" }, headers: { "If-Match": `"v${(await document_("chapters/02.md")).version}"`, "X-Quire-Csrf": "1" } });
  await edit("# Mine\n\nMine, all of it.\n");
  propose("chapters/02.md");
  await page.goto(at("books/lamp"));
  await page.getByRole("link", { name: "a proposal waits" }).waitFor();
  await judge(page, "book-proposal");
  await page.getByRole("link", { name: "a proposal waits" }).click();
  await page.getByRole("button", { name: "Keep mine" }).waitFor();
  await judge(page, "proposal");
  await page.getByRole("button", { name: "Keep mine" }).click();
  await page.getByText("Yours stays.").waitFor();
  assert.equal((await document_("chapters/02.md")).content, "# Mine\n\nMine, all of it.\n");
  assert.equal((await (await page.request.get(at("api/projects/lamp"))).json()).proposals, 0);
  propose("chapters/02.md");
  await page.reload();
  await page.getByRole("button", { name: "Take the proposal" }).click();
  await page.getByText("The proposal is the text now.").waitFor();
  assert.notEqual((await document_("chapters/02.md")).content, "# Mine\n\nMine, all of it.\n");
});

test("a series shows its books in order and what each carries to the next", async () => {
  await page.goto(at("series/coast"));
  await page.getByRole("heading", { name: "What carries over to the next book" }).waitFor();
  assert.equal(await page.locator(".volume").count(), 2);
  await judge(page, "series");
});

test("markup in a title is text everywhere", async () => {
  sql(host, `UPDATE projects SET title = '<img src=x onerror=alert(1)>' WHERE slug = 'lamp'`);
  await page.goto(at("books/lamp"));
  await page.getByRole("heading", { name: "<img src=x onerror=alert(1)>" }).waitFor();
});

test("200 chapters and a chapter of 500 KB are shown whole", async () => {
  const long = `# Long\n\n${Array.from({ length: 5000 }, (_, i) => `Sentence ${i} of a long chapter that goes on for as long as anybody can bear to listen to it.`).join("\n\n")}\n`;
  await page.request.put(at("api/projects/lamp/artifacts/chapters/04.md"), { data: { content: long, kind: "markdown" }, headers: { "X-Quire-Csrf": "1" } });
  sql(host, `INSERT INTO artifacts (project_id, name, created_at) WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    SELECT (SELECT id FROM projects WHERE slug = 'lamp'), printf('chapters/%02d.md', i), 0 FROM n;
    INSERT INTO artifact_versions (artifact_id, number, kind, author, state, size, blob_id, created_at)
    SELECT a.id, 1, 'markdown', 'run', 'version', 10, (SELECT v.blob_id FROM artifact_versions v JOIN artifacts x ON x.id = v.artifact_id WHERE x.name = 'chapters/03.md' LIMIT 1), 0 FROM artifacts a WHERE a.head IS NULL;
    UPDATE artifacts SET head = (SELECT v.id FROM artifact_versions v WHERE v.artifact_id = artifacts.id) WHERE head IS NULL;`);
  await page.goto(at("books/lamp"));
  await page.waitForFunction(() => document.querySelectorAll("table.chapters tbody tr:not(.part)").length === 200);
  await page.goto(at("books/lamp/chapters/4"));
  await page.getByText("Sentence 4999 of").waitFor();
});

test("the page had no errors and asked nobody but the host", () => page.assertClean());

await done();
