// main.js - puts the page together: header, status corner, help, then the screen of the address, then the stream.
import "./parts/q-header.js";
import "./parts/q-status.js";
import "./parts/q-help.js";
import { get } from "./core/api.js";
import { keys } from "./core/keys.js";
import { amend, refreshAll, refreshSoon } from "./core/resource.js";
import { go, start } from "./core/router.js";
import { stream } from "./core/stream.js";
import { say } from "./core/status.js";
import { routes } from "./routes.js";

keys([
  { keys: "g h", what: "Home", run: () => go("./") },
  { keys: "g r", what: "All runs", run: () => go("runs") },
  { keys: "g s", what: "Scripts", run: () => go("scripts") },
  { keys: "g ,", what: "Settings", run: () => go("settings") },
  { keys: "n", what: "Begin a new book", run: () => go("new") },
]);

// ---- what every screen knows from the stream

function sameRun(run) {
  return (other) => (other.run === run.run ? { ...other, ...run } : other);
}

stream.on("open", refreshAll);
stream.on("run", (run) => {
  amend(`runs/${run.run}`, (known) => ({ ...known, ...run }));
  amend("overview", (known) => ({ ...known, now: known.now.map(sameRun(run)), waiting: known.waiting.map(sameRun(run)) }));
});
stream.on("run-event", (event) => {
  if (event.type === "status") refreshSoon("overview");
});
stream.on("gate", () => refreshSoon("overview"));

// Several refusals may come at once: only the first of them sees the page that was asked for, the others the sign-in page.
const atLogin = () => location.pathname.endsWith("/login");
document.addEventListener("quire:signed-out", async () => {
  if (atLogin()) return;
  const { data } = await get("session").catch(() => ({ data: null }));
  if (data?.needs_password && !data.signed_in && !atLogin()) go(`login?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
});
document.addEventListener("quire:outdated", () => {
  say("Quire was replaced by another version while this page was open.", { bad: true, action: "Load the page again", run: () => location.reload() });
});

start(routes, document.getElementById("main")).then(() => stream.start());
