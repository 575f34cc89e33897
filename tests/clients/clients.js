// clients.js - the services' own clients against the rehearsal server: create, stream, errors. Speaks TAP lines for clients.sh.
//   node clients.js http://127.0.0.1:PORT
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";

const at = process.argv[2];
const prompt = "Write about 40 words about a lighthouse.";
const openai = new OpenAI({ apiKey: "k", baseURL: `${at}/v1`, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey: "k", baseURL: at, maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: at, retryOptions: { attempts: 1 } } });
const ollama = new Ollama({ host: at });

const control = (settings) => fetch(`${at}/control`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(settings) });
const schema = { type: "object", properties: { title: { type: "string" } }, required: ["title"], additionalProperties: false };

async function gather(stream, pick) {
  let text = "";
  for await (const event of stream) text += pick(event) ?? "";
  return text;
}

const messages = [{ role: "user", content: prompt }];
const gemini = { model: "m", contents: prompt };
const clients = {
  openai: {
    create: async () => (await openai.chat.completions.create({ model: "m", messages })).choices[0].message.content,
    stream: async () => gather(await openai.chat.completions.create({ model: "m", messages, stream: true }), (e) => e.choices[0]?.delta?.content),
    schema: async () => (await openai.chat.completions.create({ model: "m", messages,
      response_format: { type: "json_schema", json_schema: { name: "a", schema } } })).choices[0].message.content,
  },
  "openai responses": {
    create: async () => (await openai.responses.create({ model: "m", input: prompt })).output_text,
    stream: async () => (await openai.responses.stream({ model: "m", input: prompt }).finalResponse()).output_text,
    schema: async () => (await openai.responses.create({ model: "m", input: prompt,
      text: { format: { type: "json_schema", name: "a", schema } } })).output_text,
  },
  anthropic: {
    create: async () => (await anthropic.messages.create({ model: "m", max_tokens: 500, messages })).content[0].text,
    stream: async () => anthropic.messages.stream({ model: "m", max_tokens: 500, messages }).finalText(),
    schema: async () => (await anthropic.messages.create({ model: "m", max_tokens: 500, messages,
      output_config: { format: { type: "json_schema", schema } } })).content[0].text,
  },
  gemini: {
    create: async () => (await google.models.generateContent(gemini)).text,
    stream: async () => gather(await google.models.generateContentStream(gemini), (e) => e.text),
    schema: async () => (await google.models.generateContent({ ...gemini,
      config: { responseMimeType: "application/json", responseJsonSchema: schema } })).text,
  },
  ollama: {
    create: async () => (await ollama.chat({ model: "m", messages })).message.content,
    stream: async () => gather(await ollama.chat({ model: "m", messages, stream: true }), (e) => e.message?.content),
    schema: async () => (await ollama.chat({ model: "m", messages, format: schema })).message.content,
  },
};

let n = 0;
async function holds(name, check) {
  let why = "";
  try { why = await check(); } catch (error) { why = String(error?.stack ?? error); }
  console.log(`${why ? "not ok" : "ok"} ${++n} - ${name}${why ? `\n# ${String(why).replaceAll("\n", "\n# ")}` : ""}`);
}

for (const [name, client] of Object.entries(clients)) {
  await control({ faults: [], manners: [] });
  await holds(`${name}: whole and streamed it is the same answer`, async () => {
    const [whole, streamed] = [await client.create(), await client.stream()];
    return whole && whole === streamed ? "" : `${whole}\n${streamed}`;
  });
  await holds(`${name}: a schema is kept`, async () => (typeof JSON.parse(await client.schema()).title === "string" ? "" : "no title"));
  await holds(`${name}: a refusal has the status that the client expects`, async () => {
    await control({ faults: ["429:times=1,wait=0"] });
    try { await client.create(); } catch (error) { return (error.status ?? error.status_code) === 429 ? "" : error.stack; }
    return "no error";
  });
  await holds(`${name}: an error in the stream is one`, async () => {
    await control({ faults: ["streamerror:times=1,after=1"] });
    try { await client.stream(); } catch { return ""; }
    return "no error";
  });
}
console.log(`1..${n}`);
