// q-call - one model call whole: what was asked, block by block, what was answered, how it went, and the same as a curl command.
import { post } from "../core/api.js";
import { ask } from "../core/ask.js";
import { scopeWords, stopWords, STATES, underWay } from "../core/calls.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { date, duration, money, number, percent, plural } from "../core/format.js";
import { icon } from "../core/icons.js";
import { refresh } from "../core/resource.js";
import { failed, say } from "../core/status.js";
import { ended } from "../core/sentences.js";
import { fork } from "./actions.js";
import "./q-notice.js";
import "./q-replay.js";

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} is copied.`);
  } catch {
    say("The browser did not allow copying.", { bad: true, hint: "Select the text and copy it by hand." });
  }
}

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

class CallElement extends Element {
  static props = ["number"];

  facts(call) {
    const usage = call.usage ?? {};
    const rows = [
      ["Model", [call.provider, call.model].join("/") + (call.model_returned && call.model_returned !== call.model ? `, answered by ${call.model_returned}` : "")],
      ["For", scopeWords(call.scope)],
      ["When", date(call.created_ms)],
      ["Took", call.total_ms ? `${duration(call.total_ms)}, first words after ${duration(call.ttft_ms ?? 0)}` : ""],
      ["Tokens in", usage.input ? `${number(usage.input)}${usage.cached_read ? `, ${percent(usage.cached_read, usage.input)} from the cache` : ""}${call.usage_estimated ? " (estimated)" : ""}` : ""],
      ["Tokens out", usage.output ? `${number(usage.output)}${usage.reasoning ? `, ${number(usage.reasoning)} of them thinking` : ""}` : ""],
      ["Money", money(call.cost_usd)],
      ["HTTP status", call.http_status],
      ["Place", call.seq && `${call.run}:${call.seq}, in the run's journal`],
      ["Provider's id", call.request_id],
    ];
    return h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, String(value))]));
  }

  attempts(call) {
    return call.attempts?.length > 1 && h("section", null, h("h3", null, plural(call.attempts.length, "attempt")), h("ol", null, call.attempts.map((attempt) =>
      h("li", null, h("a", { href: `runs/${call.run}?view=call&call=${attempt.call}`, "aria-current": attempt.call === call.call && "true" }, `Attempt ${attempt.attempt}`), ` was ${STATES[attempt.state] ?? attempt.state}`,
        attempt.error?.message ? `: ${attempt.error.message}` : "", attempt.stop && attempt.stop !== "end" ? `, ${stopWords(attempt)}` : ""))));
  }

  // The question once more, beside the run: of this model or another, as it was or with other words.
  async again(call) {
    const blocks = call.blocks ?? [];
    const form = await ask({
      title: `Ask call ${call.call} again`, action: "Ask again", body: h("div", { class: "stack" },
        h("p", null, "The run is not touched. The new answer is kept with this call, and is paid for."),
        h("div", { class: "field" }, h("label", { for: "q-call-model" }, "Model"),
          h("input", { id: "q-call-model", name: "model", value: `${call.provider}/${call.model}`, pattern: "\\S+/\\S+", required: true, autocomplete: "off" })),
        h("details", null, h("summary", null, "Change the prompt"), blocks.map((block, i) => h("div", { class: "field", key: i },
          h("label", { for: `q-call-block-${i}` }, `Block ${i + 1}${block.name ? `: ${block.name}` : ""}`),
          h("textarea", { id: `q-call-block-${i}`, name: "block", rows: 6, value: block.text }))))),
    });
    if (!form) return;
    const texts = form.getAll("block").map((text) => text.replaceAll("\r\n", "\n")), body = { model: form.get("model").trim() };
    if (texts.some((text, i) => text !== blocks[i].text.replaceAll("\r\n", "\n"))) body.blocks = texts;
    try {
      await post(`calls/${call.call}/replay`, body);
      refresh(`calls/${this.number}`);
    } catch (error) {
      failed(error, "It was not asked again");
    }
  }

  replays(call) {
    return call.replays?.length > 0 && h("section", { class: "stack" }, h("h3", null, "Asked again"),
      call.replays.toReversed().map((replay) => h("q-replay", { run: replay.run, key: replay.run })));
  }

  text(name, text, open) {
    return text && h("details", { open }, h("summary", null, name), h("pre", { class: "sheet", tabindex: 0 }, pretty(text)));
  }

  block(block, i) {
    return h("details", { open: true, key: i }, h("summary", null, `Block ${i + 1}`, block.name ? `: ${block.name}` : "", `, ${plural(block.bytes, "byte")}`, block.stable ? ", the same in many calls (can be cached)" : ""), h("pre", { class: "sheet", tabindex: 0 }, block.text));
  }

  sentence(call) {
    if (underWay(call)) return "It is still running.";
    if (call.error) return `It failed: ${call.error.message ?? call.error}`;
    return call.stop ? `The answer ${stopWords(call)}.` : `It is ${STATES[call.state] ?? call.state}.`;
  }

  render() {
    const { data, error } = this.use(`calls/${this.number}`);
    if (!data) return h("q-notice", { error, what: "The call cannot be shown", again: () => refresh(`calls/${this.number}`) });
    const run = this.use(`runs/${data.run}`).data;
    const prompt = (data.blocks ?? []).map((block) => block.text).join("");
    return h("div", { class: "stack" },
      h("h2", null, `Call ${data.call}, ${data.role}`),
      h("p", null, this.sentence(data)),
      h("div", { class: "row" },
        data.blocks?.length > 0 && !underWay(data) && h("button", { type: "button", onclick: () => this.again(data) }, icon("again"), "Ask again…"),
        data.seq && run && (run.status === "waiting" || ended(run)) && h("button", { type: "button", onclick: () => fork(run, data.seq) }, "Begin again from here…"),
        data.curl && h("button", { type: "button", onclick: () => copy(data.curl, "The curl command") }, icon("copy"), "Copy as curl"),
        h("button", { type: "button", onclick: () => copy(prompt, "The prompt") }, icon("copy"), "Copy the prompt"),
        data.answer && h("button", { type: "button", onclick: () => copy(data.answer, "The answer") }, icon("copy"), "Copy the answer")),
      this.facts(data), this.attempts(data),
      h("section", null, h("h3", null, "Answer"), data.answer ? h("pre", { class: "sheet answer", tabindex: 0 }, pretty(data.answer)) : h("p", { class: "quiet" }, "There is none.")),
      this.replays(data),
      this.text("Reasoning", data.reasoning, false),
      h("section", null, h("h3", null, "Prompt"), (data.blocks ?? []).map((block, i) => this.block(block, i))),
      this.text("Parameters", data.params && JSON.stringify(data.params), false),
      this.text("As curl (the key is $KEY)", data.curl, false));
  }
}
define("q-call", CallElement);
