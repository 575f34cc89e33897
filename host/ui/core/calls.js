// calls.js - model calls in words, and added up.
export const STATES = { planned: "about to be sent", sent: "under way", answered: "answered", failed: "failed", lost: "cut off by a crash", cancelled: "cancelled" };

const STOPS = {
  end: "complete", length: "was cut off at its length limit", filter: "was cut off by the provider's filter", refusal: "was refused by the model",
  tool: "ended in a tool call", truncated: "broke off in the middle",
};

export const stopWords = (call) => (call.stop ? STOPS[call.stop] ?? call.stop : "");
export const underWay = (call) => !call.ended_ms && call.state !== "failed";

// What a task's path says: "/chapter-3/scene-1" -> "chapter 3, scene 1"; the root says nothing.
export const scopeWords = (scope) => (scope ?? "").split("/").filter(Boolean).map((part) => part.replaceAll("-", " ")).join(", ");

// Money is null when no call that has ended has a known price.
export function sum(calls) {
  let unpriced = 0;
  const all = { calls: 0, cost_usd: 0, tokens_in: 0, tokens_cached: 0, tokens_out: 0, retries: 0 };
  for (const call of calls) {
    all.calls++;
    all.cost_usd += call.cost_usd ?? 0;
    all.tokens_in += call.usage?.input ?? 0;
    all.tokens_cached += call.usage?.cached_read ?? 0;
    all.tokens_out += call.usage?.output ?? 0;
    if (call.attempt > 1) all.retries++;
    if (call.cost_usd === null) unpriced++;
  }
  if (unpriced && unpriced === all.calls) all.cost_usd = null;
  return all;
}

// Time on which nothing happened (a night at a question) is folded to a small gap: [[start, end], ...] -> a function ms -> 0..1.
export function axis(spans) {
  const merged = [];
  for (const [from, to] of spans.slice().sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  const busy = merged.reduce((ms, [from, to]) => ms + to - from, 0), most = Math.max(busy / 50, 1);
  const pieces = [];
  let at = 0;
  merged.forEach(([from, to], i) => {
    if (i) at += Math.min(most, from - merged[i - 1][1]);
    pieces.push([from, to, at]);
    at += to - from;
  });
  return (ms) => {
    const piece = pieces.findLast(([from]) => from <= ms) ?? pieces[0];
    if (!piece || !at) return 0;
    return Math.min(1, Math.max(0, (piece[2] + Math.min(ms, piece[1]) - piece[0]) / at));
  };
}
