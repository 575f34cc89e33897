// host.js - a real host for browser tests: `quire serve` on a scratch library, and a rehearsal provider that takes its time.
//
//   const host = await startHost();                      host.url, host.library, host.quire("runs", "--json"), host.kill(), host.stop()
//   const host = await startHost({ slow: "--latency 400" })  models answer over HTTP from `quire rehearse`, so text can be seen to arrive
//
// Everything is ended by cleanup (lib/tap.js); only processes that were started here.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cleanup } from "./tap.js";

const run = promisify(execFile);
export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const binary = process.env.QUIRE ?? join(root, "build/quire");
const WAIT_MS = 30_000;

export async function until(what, check) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

// Starts a program and resolves with the part of its output that `ready` matches.
async function start(args, ready, options) {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { said += chunk; });
  const gone = new Promise((end) => child.once("exit", end));
  cleanup(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await gone;
  });
  const match = await until(`${args[0]} says ${ready}: ${said}`, () => {
    if (child.exitCode !== null) throw new Error(`quire ${args.join(" ")} ended with ${child.exitCode}:\n${said}`);
    return ready.exec(said);
  });
  return { child, match, said: () => said, gone };
}

async function scratch() {
  const dir = await mkdtemp(join(process.env.TMPDIR ?? tmpdir(), "quire-browser."));
  cleanup(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

// `slow`: options of `quire rehearse`; `settings`: lines of quire.lua beside those that are made here; `ui`: served from the source tree.
export async function startHost({ slow = null, settings = "", listen = "127.0.0.1:0" } = {}) {
  const library = join(await scratch(), "library"), env = { ...process.env, QUIRE_LIBRARY: library };
  await mkdir(library, { recursive: true });
  let config = settings, pace = null;
  if (slow !== null) {
    const provider = await start(["rehearse", "--listen", "127.0.0.1:0", ...slow.split(" ").filter(Boolean)], /http:\/\/(127\.0\.0\.1:\d+)/, { env });
    pace = (control) => fetch(`http://${provider.match[1]}/control`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(control) });
    config += `\n  providers = { slow = { adapter = "openai", base_url = "http://${provider.match[1]}/v1" } },`;
    config += `\n  roles = { default = "slow/novelist" },`;
  }
  await writeFile(join(library, "quire.lua"), `return {\n${config}\n}\n`);
  // pace({ latency: 5000 }): how long the models take from now on.
  const host = { library, env, pace, quire: async (...args) => (await run(binary, args, { env, maxBuffer: 64 << 20 })).stdout };

  // The guardian starts a killed host again on the same address only when one is given.
  host.begin = async (address) => {
    const server = await start(["serve", "--listen", address], /http:\/\/(127\.0\.0\.1:\d+)/, { env });
    host.address = server.match[1];
    host.url = `http://${host.address}/`;
    host.server = server;
    return host;
  };
  host.owner = async () => JSON.parse(await readFile(join(library, "owner.json"), "utf8"));
  // Kills the host itself, as a crash would; its guardian starts it again.
  host.kill = async () => {
    const { pid } = await host.owner();
    process.kill(pid, "SIGKILL");
    return pid;
  };
  host.stop = async () => {
    host.server.child.kill("SIGTERM");
    await host.server.gone;
  };
  return host.begin(listen);
}
