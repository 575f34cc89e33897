// worddiff.js - two texts word by word, for texts that the host has no versions of: [{ op: "=" | "-" | "+", text }], as q-diff takes it.
// Common ends are cut off first; the middle is the longest common subsequence of words, or, when it is too long for a table, one removal
// and one addition.

const TABLE_MOST = 4_000_000;
const words = (text) => text.match(/\s+|[^\s]+/g) ?? [];

// Lengths of the longest common subsequences of all ends, row by row.
function table(a, b) {
  const wide = b.length + 1, lengths = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * wide + j] = a[i] === b[j] ? lengths[(i + 1) * wide + j + 1] + 1 : Math.max(lengths[(i + 1) * wide + j], lengths[i * wide + j + 1]);
    }
  }
  return (i, j) => lengths[i * wide + j];
}

function middle(a, b, add) {
  if (a.length * b.length > TABLE_MOST || a.length > 65535) {
    add("-", a.join(""));
    add("+", b.join(""));
    return;
  }
  const longest = table(a, b);
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) add("=", a[i++], j++);
    else if (j >= b.length || (i < a.length && longest(i + 1, j) >= longest(i, j + 1))) add("-", a[i++]);
    else add("+", b[j++]);
  }
}

// A word or two that happen to be in both, between longer changes, only make the change harder to read.
function joined(parts) {
  const long = (part) => part.text.trim().split(/\s+/).length;
  const out = [], push = (op, text) => {
    const last = out.findLast((part) => part.op === op), fence = out.findLastIndex((part) => part.op === "=");
    if (last && out.indexOf(last) > fence) last.text += text;
    else out.push({ op, text });
  };
  parts.forEach((part, i) => {
    const inside = part.op === "=" && i > 0 && i < parts.length - 1 && long(part) <= 2 && !part.text.includes("\n");
    if (!inside) return push(part.op, part.text);
    push("-", part.text);
    return push("+", part.text);
  });
  return out;
}

export function wordDiff(before, after) {
  const a = words(before), b = words(after), parts = [];
  const add = (op, text) => {
    if (!text) return;
    if (parts.at(-1)?.op === op) parts.at(-1).text += text;
    else parts.push({ op, text });
  };
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  add("=", a.slice(0, head).join(""));
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), add);
  add("=", a.slice(a.length - tail).join(""));
  return joined(parts);
}

// What differs between two JSON values: [{ at: ["cast", 2, "name"], before, after }] of the texts, numbers and flags in them.
export function valueDiff(before, after, at = []) {
  if (before === after) return [];
  const both = before && after && typeof before === "object" && typeof after === "object" && Array.isArray(before) === Array.isArray(after);
  if (!both) return [{ at, before, after }];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    valueDiff(before[name], after[name], [...at, Array.isArray(before) ? Number(name) + 1 : name]));
}
