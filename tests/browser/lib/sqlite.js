// sqlite.js - changes a library's database beside its host, for what a test needs and nobody can ask the host for:
//   sql(host, "UPDATE projects SET title = ...");
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export function sql(host, text) {
  execFileSync("sqlite3", ["-cmd", ".timeout 10000", join(host.library, "quire.db")], { input: text });
}
