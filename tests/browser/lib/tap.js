// tap.js - the smallest test runner that speaks TAP: test(name, fn) in order, then done(). tests/run.sh counts the lines.
//
// Assertions are node:assert's. A case that fails does not stop the file; cleanup(fn) runs at the end, last first.
import assert from "node:assert/strict";

const cases = [], cleanups = [];

export function test(name, run) {
  cases.push({ name, run });
}

export function cleanup(run) {
  cleanups.push(run);
}

const lines = (text) => String(text).split("\n").map((line) => `# ${line}`).join("\n");

async function end() {
  for (const run of cleanups.splice(0).reverse()) {
    try {
      await run();
    } catch (e) {
      console.log(lines(`clean-up: ${e.message}`));
    }
  }
}

// `only`: words of names (from the command line) that choose cases; the others are left out.
export async function done(only = process.argv.slice(2)) {
  const chosen = only.length ? cases.filter(({ name }) => only.some((word) => name.includes(word))) : cases;
  let failures = 0;
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => end().then(() => process.exit(1)));
  for (const [i, { name, run }] of chosen.entries()) {
    try {
      await run();
      console.log(`ok ${i + 1} - ${name}`);
    } catch (e) {
      failures++;
      console.log(lines(e.stack ?? e));
      console.log(`not ok ${i + 1} - ${name}`);
    }
  }
  console.log(`1..${chosen.length}`);
  await end();
  process.exit(failures ? 1 : 0);
}

export { assert };
