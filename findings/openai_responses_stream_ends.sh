#!/usr/bin/env bash
# How does the official client for node show that an answer of the Responses API broke off, beside one of chat completions?
#
# openai 6.49.0, seen 2026-11-27, against a server that sends whole, documented events and then either an error event or nothing more:
#                                  chat.completions                     responses
#   error event, iterating         raises APIError                      gives the event like any other and ends
#   error event, final helper      raises APIError                      rejects with a plain object, not an Error: no stack, no name
#   closed early, iterating        ends, no finish_reason               ends, last event a delta
#   closed early, final helper     raises OpenAIError                   resolves, status "in_progress", with the half text as output_text
# So code that was right for chat completions takes half an answer for a whole one after it moved to the Responses API. Whoever reads these streams
# has to see a response.completed (or .incomplete, .failed) event by himself.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund openai@6.49.0 >/dev/null

cat >run.mjs <<'EOF'
import http from "http";
import OpenAI from "openai";

const chat = (write, mode) => {
  write({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { role: "assistant", content: "Half" }, finish_reason: null }] });
  if (mode === "error") write({ error: { message: "overloaded", type: "server_error", code: null, param: null } });
};
const responses = (write, mode) => {
  let n = 0;
  const event = (type, rest) => write({ type, sequence_number: n++, ...rest }, type);
  event("response.created", { response: { id: "r1", object: "response", created_at: 1, model: "m", status: "in_progress", output: [] } });
  event("response.output_item.added", { output_index: 0, item: { id: "m1", type: "message", role: "assistant", status: "in_progress", content: [] } });
  event("response.content_part.added", { item_id: "m1", output_index: 0, content_index: 0, part: { type: "output_text", text: "", annotations: [] } });
  event("response.output_text.delta", { item_id: "m1", output_index: 0, content_index: 0, delta: "Half" });
  if (mode === "error") event("error", { code: "server_error", message: "overloaded", param: null });
};
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (d) => (body += d)).on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = (data, name) => response.write(`${name ? `event: ${name}\n` : ""}data: ${JSON.stringify(data)}\n\n`);
    (request.url.endsWith("/responses") ? responses : chat)(write, body.includes("error") ? "error" : "close");
    response.end();
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const client = new OpenAI({ baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "k", maxRetries: 0 });
const tell = async (what, work) => {
  let told;
  try { told = await work(); } catch (e) { told = e instanceof Error ? `raises ${e.constructor.name}` : `rejects with what is no Error: ${e.message}`; }
  console.log(`${what}: ${told}`);
};
for (const mode of ["error", "close"]) {
  const asked = { model: "m", messages: [{ role: "user", content: mode }] };
  await tell(`chat ${mode} iterating`, async () => { let last; for await (const e of await client.chat.completions.create({ ...asked, stream: true })) last = e.choices[0].finish_reason; return `ends, finish_reason ${last}`; });
  await tell(`chat ${mode} final`, async () => `resolves, ${(await client.chat.completions.stream(asked).finalChatCompletion()).choices[0].finish_reason}`);
  await tell(`responses ${mode} iterating`, async () => { let last; for await (const e of await client.responses.create({ model: "m", input: mode, stream: true })) last = e.type; return `ends, last ${last}`; });
  await tell(`responses ${mode} final`, async () => { const r = await client.responses.stream({ model: "m", input: mode }).finalResponse(); return `resolves, ${r.status}, ${r.output_text}`; });
}
server.close();
EOF

got=$(node run.mjs 2>err) || { cat err; exit 1; }
echo "$got"
expected="chat error iterating: raises APIError
chat error final: raises APIError
responses error iterating: ends, last error
responses error final: rejects with what is no Error: overloaded
chat close iterating: ends, finish_reason null
chat close final: raises OpenAIError
responses close iterating: ends, last response.output_text.delta
responses close final: resolves, in_progress, Half"
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
