// settings.js - how Quire is set up and how it is: providers with a test, keys that only go in, limits, health, the last errors, a backup,
// the password. What is set in quire.lua is shown with its origin and changed there.
import "../../parts/q-notice.js";
import { del, path, post, put } from "../../core/api.js";
import { ask } from "../../core/ask.js";
import { h } from "../../core/dom.js";
import { Element, define } from "../../core/element.js";
import { ago, bytes, number, plural } from "../../core/format.js";
import { refresh } from "../../core/resource.js";
import { go, title } from "../../core/router.js";
import { titleOf } from "../../core/sentences.js";
import { sheet } from "../../core/sheet.js";
import { failed, say } from "../../core/status.js";

await sheet(import.meta.url, "./settings.css");

const HEALTH_MS = 15_000;
const ORIGINS = { default: "default", flag: "command line" };

class SettingsScreen extends Element {
  static props = ["params", "query", "trials", "saved", "found", "looked"];

  connected() {
    title("Settings and health");
    this.trials = {};
    this.found = {};
    refresh("settings");
    refresh("session");
    const timer = setInterval(() => document.hidden || refresh("settings"), HEALTH_MS);
    this.life.addEventListener("abort", () => clearInterval(timer));
  }

  // ---- acts

  async test(provider, event) {
    event.preventDefault();
    const model = String(new FormData(event.target).get("model") ?? "");
    this.trials = { ...this.trials, [provider.name]: { busy: true } };
    let trial;
    try {
      trial = (await post(`providers/${path(provider.name)}/test`, model ? { model } : {})).data;
    } catch (error) {
      trial = { ok: false, message: `${error.message}${error.hint ? ` ${error.hint}` : ""}` };
    }
    this.trials = { ...this.trials, [provider.name]: trial };
  }

  // ---- which models are there

  async look(provider) {
    this.found = { ...this.found, [provider.name]: { busy: true } };
    let found;
    try {
      found = (await post(`providers/${path(provider.name)}/probe`, {})).data;
    } catch (error) {
      found = { message: error.message };
    }
    this.found = { ...this.found, [provider.name]: found };
  }

  // Servers that need no key, at their usual addresses on this computer. Only when asked: nobody else's port is knocked at unasked.
  atHome(s) {
    return s.providers.filter((p) => p.key === "none" && /^http:\/\/(127\.|localhost|\[::1\])/.test(p.base_url));
  }

  async lookAtHome(s) {
    this.looked = "busy";
    await Promise.all(this.atHome(s).map((provider) => this.look(provider)));
    this.looked = "done";
  }

  async key(provider) {
    const answer = await ask({ title: `Key for ${provider.name}`, text: "It is kept in the library, in a file that only you can read. It is never shown again, not even here.", action: "Keep it",
      body: h("div", { class: "field" }, h("label", { for: "key" }, "Key"), h("input", { id: "key", name: "key", type: "password", required: true, autocomplete: "off", autofocus: true, spellcheck: "false" })) });
    if (answer) await this.keep(provider, String(answer.get("key")).trim(), `The key for ${provider.name} is kept.`);
  }

  async forget(provider) {
    if (await ask({ title: `Forget the key for ${provider.name}?`, text: "Runs that need it pause until there is one again.", action: "Forget it", danger: true })) await this.keep(provider, null, "The key is forgotten.");
  }

  async keep(provider, key, done) {
    try {
      const { data } = await put(`keys/${path(provider.name)}`, { key });
      if (key && data.key_from === "environment") say(`Kept, but ${provider.key_env} is set in the environment and comes first.`, { bad: true });
      else say(done);
    } catch (error) {
      failed(error, "The key was not changed");
    }
    refresh("settings");
  }

  async backup() {
    this.saved = { busy: true };
    try {
      this.saved = (await post("backup")).data;
    } catch (error) {
      this.saved = null;
      failed(error, "The backup was not made");
    }
  }

  async password() {
    const answer = await ask({ title: "A password for the web", text: "Needed as soon as Quire listens on more than this computer. Everybody is signed out and has to enter it.", action: "Set it",
      body: h("div", { class: "field" }, h("label", { for: "password" }, "Password"), h("input", { id: "password", name: "password", type: "password", required: true, minlength: "8", autocomplete: "new-password", autofocus: true })) });
    if (!answer) return;
    try {
      await put("password", { password: String(answer.get("password")) });
      go("login");
    } catch (error) {
      failed(error, "The password was not changed");
    }
  }

  async signOut() {
    try {
      await del("session");
      go("login");
    } catch (error) {
      failed(error, "You are still signed in");
    }
  }

  // ---- sections

  health(s) {
    const rows = [
      ["New runs", s.ready ? "are started" : `are not started: ${s.reasons.join(" ")}`, s.ready],
      ["The library", s.store.healthy ? `takes writes; ${bytes(s.store.bytes)}, ${bytes(s.store.free_bytes)} free on its disk` : "cannot be written at the moment: changes are kept in the spool and saved later", s.store.healthy],
      ["The watcher", s.watcher.late ? "is late: stuck runs may be noticed late" : s.watcher.last_sweep_ms ? `looked for stuck runs ${ago(s.watcher.last_sweep_ms)}${s.watcher.found ? `, and requeued ${s.watcher.found} so far` : ""}` : "has not looked yet", !s.watcher.late],
    ];
    return h("section", { "aria-labelledby": "health" }, h("h2", { id: "health" }, "Health"),
      h("ul", { class: "plain lines health" }, rows.map(([name, text, good]) => h("li", null,
        h("span", { class: ["state", good ? "completed" : "failed"] }, good ? "OK" : "Check"), h("span", null, `${name} ${text}.`)))));
  }

  keyWords(provider) {
    if (provider.key === "none") return "needs none";
    if (provider.key === "missing") return "missing";
    if (provider.key_from === "command") return "printed by a command, when it is needed";
    return provider.key_from === "environment" ? `set, from ${provider.key_env}` : "set, kept in the library";
  }

  size(model) {
    return [model.context && `${number(model.context)} tokens of context`, model.thinks && model.thinks !== "never" && "thinks"].filter(Boolean).join(", ");
  }

  models(provider) {
    const found = this.found[provider.name];
    if (!found || found.busy) return null;
    if (!found.models) return h("p", { class: "verdict", role: "status" }, h("span", { class: "state failed" }, "Does not say"), ` ${found.message}`);
    return h("details", { class: "verdict" }, h("summary", null, plural(found.models.length, "model")),
      h("ul", { class: "plain" }, found.models.map((m) => h("li", { key: m.name }, h("code", null, m.name), h("span", { class: "quiet" }, ` ${this.size(m)}`)))));
  }

  home(s) {
    const there = this.atHome(s).filter((p) => this.found[p.name]?.models?.length);
    return h("section", { "aria-labelledby": "home" }, h("h2", { id: "home" }, "A model on this computer"),
      h("p", { class: "quiet" }, "Ollama, llama.cpp, LM Studio and vLLM are looked for at their usual addresses on this computer, when you ask for it."),
      h("button", { type: "button", disabled: this.looked === "busy", onclick: () => this.lookAtHome(s) }, this.looked === "busy" ? "Looking…" : "Look for servers"),
      this.looked === "done" && h("div", { role: "status" }, there.length
        ? h("ul", { class: "plain lines" }, there.map((p) => h("li", { key: p.name }, h("h3", null, p.name), this.models(p),
          h("p", null, "All roles use it after: ", h("code", null, `quire setup ${p.name}/${this.found[p.name].models[0].name}`)))))
        : h("p", null, "Nobody answers there. Start one (", h("code", null, "ollama serve"), ", or ", h("code", null, "llama-server -m MODEL.gguf"), ") and look again.")));
  }

  provider(provider) {
    const trial = this.trials[provider.name], own = provider.key !== "none" && provider.key_from !== "command";
    return h("li", { class: "provider", key: provider.name },
      h("div", null, h("h3", null, provider.name), h("p", { class: "quiet" }, provider.base_url === "rehearsal:" ? "Built in: writes for nothing, to try things out." : provider.base_url)),
      h("div", null, h("p", null, h("span", { class: ["state", provider.key === "missing" ? "waiting" : "completed"] }, "Key"), ` ${this.keyWords(provider)}`),
        own && h("div", { class: "row" },
          h("button", { type: "button", "aria-label": `${provider.key === "set" ? "Replace…" : "Set key…"} for ${provider.name}`, onclick: () => this.key(provider) }, provider.key === "set" ? "Replace…" : "Set key…"),
          provider.key_from === "file" && h("button", { type: "button", class: "bare", "aria-label": `Forget the key of ${provider.name}`, onclick: () => this.forget(provider) }, "Forget"))),
      h("form", { class: "row", onsubmit: (event) => this.test(provider, event) },
        h("label", { class: "visually-hidden", for: `model-${provider.name}` }, `Model of ${provider.name} to try`),
        h("input", { id: `model-${provider.name}`, name: "model", placeholder: "model", required: true, value: provider.models[0]?.slice(provider.name.length + 1) ?? (provider.name === "rehearsal" ? "novelist" : ""), spellcheck: "false" }),
        h("button", { disabled: trial?.busy ?? false, "aria-label": `Test ${provider.name}` }, trial?.busy ? "Asking…" : "Test"),
        h("button", { type: "button", class: "bare", disabled: this.found[provider.name]?.busy ?? false, "aria-label": `Models of ${provider.name}`, onclick: () => this.look(provider) },
          this.found[provider.name]?.busy ? "Looking…" : "Models"),
        this.models(provider),
        trial && !trial.busy && h("p", { class: "verdict", role: "status" }, h("span", { class: ["state", trial.ok ? "completed" : "failed"] }, trial.ok ? "Answers" : "Does not answer"),
          trial.ok ? ` in ${Math.max(trial.ms, 1)} ms, as ${trial.model}.` : ` ${trial.message}`)));
  }

  providers(s) {
    return h("section", { "aria-labelledby": "providers" }, h("h2", { id: "providers" }, "Providers"),
      h("p", { class: "quiet" }, "A test asks one model for one word and costs what that costs; looking for models is free. More providers are added in quire.lua."),
      h("ul", { class: "plain lines" }, s.providers.map((p) => this.provider(p))));
  }

  worth(known) {
    const price = known.input === undefined ? "price unknown" : known.input + known.output === 0 ? "free" : `$${known.input} in, $${known.output} out for a million tokens`;
    return [price, this.size(known)].filter(Boolean).join("; ");
  }

  roles(s) {
    return h("section", { "aria-labelledby": "roles" }, h("h2", { id: "roles" }, "Who does what"),
      h("p", { class: "quiet" }, "The models of each role, first choice first; default serves all others."),
      h("dl", { class: "facts" }, s.roles.map((role) => [h("dt", null, role.name), h("dd", null, role.models.map((model, i) => h("div", null, i > 0 && "then ", h("code", null, model), h("span", { class: "quiet" }, ` ${this.worth(s.known?.[model] ?? {})}`))))])));
  }

  settings(s) {
    const rows = s.settings.filter(({ name }) => !name.startsWith("providers.") && !name.startsWith("roles."));
    const value = (v) => (typeof v === "number" ? String(Math.round(v * 1000) / 1000) : typeof v === "string" ? v : JSON.stringify(v));
    return h("section", { "aria-labelledby": "settings" }, h("h2", { id: "settings" }, "Limits and other settings"),
      h("p", { class: "quiet" }, "Changed in ", h("code", null, `${s.library}/quire.lua`), ", and read again at the next start or reload."),
      h("table", { class: "cards" }, h("thead", null, h("tr", null, ["Setting", "Value", "From"].map((word) => h("th", { scope: "col" }, word)))),
        h("tbody", null, rows.map((row) => h("tr", { key: row.name }, h("th", { scope: "row" }, h("code", null, row.name)), h("td", null, value(row.value)), h("td", { "data-label": "From" }, ORIGINS[row.origin] ?? row.origin))))));
  }

  errors(s) {
    return h("section", { "aria-labelledby": "errors" }, h("h2", { id: "errors" }, "What failed last"),
      s.errors.length ? h("ul", { class: "plain lines" }, s.errors.map((run) => h("li", { key: run.run },
        h("a", { href: `runs/${run.run}` }, titleOf(run)), h("span", { class: "quiet" }, ` ${run.ended_ms ? ago(run.ended_ms) : ""}`), h("p", null, run.error?.message ?? "no reason is recorded"))))
        : h("p", { class: "quiet" }, "Nothing has failed."));
  }

  house(s) {
    const session = this.use("session").data, locked = session?.needs_password;
    return h("section", { "aria-labelledby": "house" }, h("h2", { id: "house" }, "The library"),
      h("dl", { class: "facts" }, h("dt", null, "Quire"), h("dd", null, s.version), h("dt", null, "Library"), h("dd", null, s.library), h("dt", null, "Schema"), h("dd", null, String(s.store.schema))),
      h("div", { class: "row" },
        h("button", { type: "button", disabled: this.saved?.busy ?? false, onclick: () => this.backup() }, this.saved?.busy ? "Writing and checking…" : "Make a backup"),
        h("button", { type: "button", onclick: () => this.password() }, locked ? "Change the password…" : "Set a password…"),
        locked && h("button", { type: "button", onclick: () => this.signOut() }, "Sign out")),
      this.saved?.path && h("p", { role: "status" }, `${bytes(this.saved.bytes)}, checked: `, h("code", null, this.saved.path)));
  }

  render() {
    const { data, error } = this.use("settings");
    return [
      h("div", { class: "screen-head" }, h("h1", null, "Settings and health")),
      error && h("q-notice", { error, what: "The settings cannot be shown", again: () => refresh("settings") }),
      data && [this.health(data), this.home(data), this.providers(data), this.roles(data), this.errors(data), this.house(data), this.settings(data)],
    ];
  }
}
define("screen-settings", SettingsScreen);
