// scripts.js - what writes the books: the files of the search path, and which of them are yours. A file of the library is used instead of
// the shipped one of its name, from the next run on.
import "../../parts/q-notice.js";
import { path } from "../../core/api.js";
import { ask } from "../../core/ask.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { go, title } from "../../core/router.js";
import { sheet } from "../../core/sheet.js";

await sheet(import.meta.url, "./scripts.css");

const KINDS = [
  ["pipeline", "Pipelines", "What can be started: each is one way to make something."],
  ["phase", "Phases", "The stages of a book, each replaceable alone."],
  ["check", "Checks", "Each looks at one thing in the text. The checks.json of a book switches them."],
  ["export", "Exports", "Scripts that make the files for download."],
  ["lib", "Helpers", "Code that the others share."],
  ["module", "Other modules", ""],
];

export const originOf = { library: "in your library", "built in": "built in", directory: "from a directory of scripts" };
const short = (name) => name.slice(name.indexOf("/") + 1);

class ScriptsScreen extends Element {
  static props = ["params", "query"];

  connected() {
    title("Scripts");
    refresh("scripts");
  }

  async begin() {
    const answer = await ask({ title: "A new pipeline", action: "Begin it",
      body: h("div", { class: "field" }, h("label", { for: "name" }, "Its name"),
        h("input", { id: "name", name: "name", required: true, pattern: "[A-Za-z0-9_\\-]{1,80}", autofocus: true, spellcheck: "false" }), h("p", { class: "help" }, "Letters, digits, _ and -. Nothing is saved yet.")) });
    if (answer) go(`scripts/pipelines/${path(answer.get("name"))}`);
  }

  row(script) {
    const [first, second] = script.layers, mine = first.origin === "library";
    const beneath = second && (second.origin === "built in" ? ", overrides the built-in one" : `, overrides the one ${originOf[second.origin]}`);
    return h("tr", { key: script.name },
      h("th", { scope: "row" }, h("a", { href: `scripts/${path(script.name)}` }, short(script.name))),
      h("td", null, h("span", { class: mine && "mine" }, originOf[first.origin] ?? first.origin), beneath, first.origin !== "built in" && h("code", { class: "file" }, first.path)));
  }

  group([kind, name, what], all) {
    const list = all.filter((script) => script.kind === kind), mine = list.filter((s) => s.layers[0].origin === "library").length;
    if (!list.length) return null;
    return h("details", { class: "group-of", open: kind === "pipeline" || kind === "phase" || mine > 0, key: kind },
      h("summary", null, h("h2", null, name), h("span", { class: "quiet" }, mine ? `${list.length}, ${mine} of them yours` : String(list.length))),
      what && h("p", { class: "quiet" }, what),
      h("table", { class: "cards" },
        h("thead", null, h("tr", null, ["Script", "Where it is"].map((word) => h("th", { scope: "col" }, word)))),
        h("tbody", null, list.map((s) => this.row(s)))));
  }

  render() {
    const { data, error } = this.use("scripts"), mine = data?.filter((s) => s.layers[0].origin === "library").length;
    return [
      h("div", { class: "screen-head" }, h("h1", null, "Scripts"),
        h("p", { class: "lead" }, "Lua files decide what is written. Change one and it is used from the next run on; the built-in version is kept, and you can go back to it at any time."),
        h("div", { class: "row" }, h("button", { type: "button", onclick: () => this.begin() }, "New pipeline"),
          data && h("span", { class: "quiet" }, mine ? `${plural(mine, "script")} of your own.` : "No built-in script was changed."))),
      error && h("q-notice", { error, what: "The scripts cannot be listed", again: () => refresh("scripts") }),
      data && KINDS.map((kind) => this.group(kind, data)),
    ];
  }
}
define("screen-scripts", ScriptsScreen);
